import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { defer, type Scope } from "./cleanup.js";
import { until } from "./until.js";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export type LogLine = { event?: string; msg: string; cause?: string; [key: string]: unknown };

/** A real `cave-agent run` as a child process. */
export interface AgentRig {
  deviceId: string;
  process: ChildProcess;
  lines: LogLine[];
  /** The next or an earlier line of that event; fails after `seconds`. */
  logged(event: string, options?: { after?: number; seconds?: number }): Promise<LogLine>;
  /** All that it wrote, as text. */
  output(): string;
  /** Sends `signal` and resolves to exit code and how long it took, milliseconds. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; took: number }>;
}

/** @param more what its environment has besides. */
export function spawnAgent(
  t: Scope,
  args: string[],
  deviceId = "cave-01",
  more: NodeJS.ProcessEnv = {},
): AgentRig {
  // Meant for the tests: the agent would refuse it as a slip in its own configuration.
  const { CAVE_FAULTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(ROOT, "bin/cave-agent.js"), ...args], {
    env: { ...env, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  defer(t, async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const lines: LogLine[] = [];
  let text = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    text += `${line}\n`;
    lines.push(line.startsWith('{"level"') ? (JSON.parse(line) as LogLine) : { msg: line });
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    deviceId,
    process: child,
    lines,
    output: () => text,
    logged: (event, { after = 0, seconds = 20 } = {}) =>
      until(`${deviceId} logs ${event}`, () => lines.slice(after).find((line) => line.event === event), {
        seconds,
        onTimeout: () => text,
      }),
    async stop(signal = "SIGTERM") {
      const from = performance.now();
      child.kill(signal);
      const code = await exited;
      return { code, took: performance.now() - from };
    },
  };
}

/** Resolves to exit code and all output of a `cave-agent` that ends by itself. */
export async function runToEnd(t: Scope, args: string[]): Promise<{ code: number | null; output: string }> {
  const agent = spawnAgent(t, args);
  const code = await new Promise<number | null>((resolve) => agent.process.once("close", resolve));
  return { code, output: agent.output() };
}
