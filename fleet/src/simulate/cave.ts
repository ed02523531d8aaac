import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type FinalCounts, type LogLine, parseLogLine } from "./agent-log.ts";
import type { CaveFiles } from "./configuration.ts";

const AGENT = fileURLToPath(new URL("../../../bin/cave-agent.js", import.meta.url));

/** One agent in a process of its own. */
export interface Cave {
  readonly deviceId: string;
  readonly pid: number | undefined;
  /** True once DPS has assigned it, in this run or in an earlier one. */
  provisioned(): boolean;
  online(): boolean;
  /** Undefined while it runs. */
  ended(): CaveEnd | undefined;
  /** What it counted, if it lived to say so. */
  finalCounts(): FinalCounts | undefined;
  /** Asks it to stop and kills it if it does not within `patience` milliseconds. Resolves when it is gone. */
  stop(patience: number): Promise<void>;
}

export interface CaveEnd {
  /** Null if a signal ended it. */
  exitCode: number | null;
  /** True if it had to be killed because it did not stop. */
  killed: boolean;
  /** True if nobody here had asked it to stop. */
  unexpected: boolean;
  /** The last error in its log; empty if there was none. */
  lastError: string;
}

/** For a person. */
export function howItEnded({ exitCode }: CaveEnd): string {
  return exitCode === null ? "killed by a signal" : `with exit code ${exitCode}`;
}

interface CaveState {
  provisioned: boolean;
  online: boolean;
  counts: FinalCounts | undefined;
  lastError: string;
  stopping: boolean;
  killed: boolean;
  end: CaveEnd | undefined;
}

/**
 * Starts `cave-agent run` and follows its log.
 * @param onChange called when any of the answers of the returned cave has changed
 */
export function startCave(deviceId: string, files: CaveFiles, onChange: () => void): Cave {
  // The IPC channel is what makes it ours: the agent stops when the channel breaks, however this process ends.
  const child = fork(AGENT, ["run", "--config", files.configFile], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: environmentForAgent(),
    execArgv: [],
  });
  const state: CaveState = {
    provisioned: false,
    online: false,
    counts: undefined,
    lastError: "",
    stopping: false,
    killed: false,
    end: undefined,
  };
  // Also emitted when a signal cannot be delivered; what matters then is whether it ends, and that is watched.
  child.on("error", () => undefined);
  followLog(child, files.logFile, (line) => {
    take(state, line);
    onChange();
  });
  const gone = waitForEnd(child, state).then(onChange);
  return {
    deviceId,
    pid: child.pid,
    provisioned: () => state.provisioned,
    online: () => state.online,
    ended: () => state.end,
    finalCounts: () => state.counts,
    stop: (patience) => stop(child, state, gone, patience),
  };
}

function take(state: CaveState, line: LogLine): void {
  // Who goes online with the assignment that an earlier run has kept was provisioned then.
  if (line.event === "provisioned" || line.event === "online") state.provisioned = true;
  if (line.event === "online") state.online = true;
  if (line.event === "offline") state.online = false;
  if (line.event === "stopped") state.counts = line.outbox;
  if (line.error !== undefined) state.lastError = line.error;
}

async function waitForEnd(child: ChildProcess, state: CaveState): Promise<void> {
  // `close` comes after the last line of output; a process that could not even start has only `error`.
  const [exitCode] = await once(child, "close").catch((error: unknown) => {
    state.lastError = String(error);
    return [null];
  });
  const { stopping, killed, lastError } = state;
  state.online = false;
  state.end = {
    exitCode: typeof exitCode === "number" ? exitCode : null,
    killed,
    unexpected: !stopping,
    lastError,
  };
}

async function stop(
  child: ChildProcess,
  state: CaveState,
  gone: Promise<void>,
  patience: number,
): Promise<void> {
  if (state.end) return;
  state.stopping = true;
  child.kill("SIGTERM");
  const timer = setTimeout(() => {
    state.killed = true;
    child.kill("SIGKILL");
  }, patience);
  await gone;
  clearTimeout(timer);
}

/** A simulated cave goes by its file alone: what CAVE_… says is meant for a real gateway. */
function environmentForAgent(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CAVE_")));
}

function followLog(child: ChildProcess, logFile: string, onLine: (line: LogLine) => void): void {
  const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
  // A log that cannot be written (a full disk) must not end the simulation.
  log.on("error", () => undefined);
  const follow = (stream: Readable | null) => {
    if (!stream) return;
    createInterface({ input: stream }).on("line", (text) => {
      log.write(`${text}\n`);
      const line = parseLogLine(text);
      if (line) onLine(line);
    });
  };
  follow(child.stdout);
  follow(child.stderr);
  child.once("close", () => log.end());
}
