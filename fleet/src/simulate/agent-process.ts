import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type LogLine, parseLogLine } from "./agent-log.ts";
import type { CaveFiles } from "./configuration.ts";

const AGENT = fileURLToPath(new URL("../../../bin/cave-agent.js", import.meta.url));

/** One `cave-agent run`. */
export interface AgentProcess {
  readonly pid: number | undefined;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  /** Resolves after the last line of output; rejects if it could not even start. */
  readonly ended: Promise<ProcessEnd>;
}

/** One of the two is null. */
export interface ProcessEnd {
  exitCode: number | null;
  /** That ended it. */
  signal: NodeJS.Signals | null;
}

/** Starts one and follows its log, which is kept in `files.logFile` too. */
export function startAgent(files: CaveFiles, onLine: (line: LogLine) => void): AgentProcess {
  // The IPC channel is what makes it ours: the agent stops when the channel breaks, however this process ends.
  const child = fork(AGENT, ["run", "--config", files.configFile], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: environmentForAgent(),
    execArgv: [],
    // Its own session: a Ctrl-C in our terminal would reach it as well, and it would be gone before it is counted.
    detached: true,
  });
  // Also emitted when a signal cannot be delivered; what matters then is whether it ends, and that is watched.
  child.on("error", () => undefined);
  followLog(child, files.logFile, onLine);
  // `close` comes after the last line of output; a process that could not even start has only `error`.
  const ended = once(child, "close").then(([exitCode, signal]): ProcessEnd => ({ exitCode, signal }));
  return { pid: child.pid, kill: (signal) => void child.kill(signal), ended };
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
