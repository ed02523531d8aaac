import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { defer, removeFolder } from "../support/cleanup.ts";
import { ROOT } from "../support/rig.ts";
import { until } from "../support/until.ts";

export const FLEET = join(ROOT, "fleet/bin/cave-fleet.js");

export function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "cave-simulate-"));
  defer(t, async () => {
    // Agents whose parent was killed end by themselves, and until then write into the folder.
    await until("no agent left", () => agentsOf(folder).length === 0);
    await removeFolder(folder);
  });
  return folder;
}

export interface Run {
  process: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<number | null>;
}

export function start(t: TestContext, command: string, args: string[]): Run {
  const child = spawn(command, args, { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  defer(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

export const fleet = (t: TestContext, state: string, ...args: string[]) =>
  start(t, process.execPath, [FLEET, ...args, "--state", state]);

/** Agents whose configuration lies in that folder and that still run. */
export function agentsOf(state: string): string[] {
  const { stdout } = spawnSync("pgrep", ["-f", `cave-agent.js run --config ${state}`], { encoding: "utf8" });
  return stdout.split("\n").filter(Boolean);
}

export const simulate = (t: TestContext, state: string, ...args: string[]) =>
  fleet(t, state, "simulate", "--certs", join(state, "certs"), ...args);

export interface AgentLine {
  event?: string;
  method?: string;
  reason?: string;
  outbox?: { acknowledged: number };
}

/** What a simulated cave's agents have logged, one after the other. */
export function logOf(state: string, cave: string, event: string): AgentLine[] {
  const file = join(state, "caves", cave, "agent.log");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as AgentLine)
    .filter((line) => line.event === event);
}
