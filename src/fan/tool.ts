import { type ChildProcess, execFile, spawn } from "node:child_process";
import type { AgentError } from "../errors.ts";
import { messageOf } from "../errors.ts";
import { fanFailure } from "./failure.ts";
import { notStarted, toolFailure } from "./tool-failure.ts";

/** Where the tools are looked for; left out, in this process's own PATH. */
export interface ToolPath {
  path?: string | undefined;
}

/** Longer than any of them takes, on the slowest machine. Milliseconds. */
const DEADLINE = 4000;
const MOST_OUTPUT = 1_000_000;
const END_DEADLINE = 1000;

/** Their messages are read: in English. */
const environmentOf = ({ path }: ToolPath) => ({
  ...process.env,
  LC_ALL: "C",
  ...(path !== undefined && { PATH: path }),
});

/** What the tool writes to standard output. Rejects with `FAN_FAILED`: not installed, refused, or no answer within 4 s. */
export function runTool(tool: string, args: readonly string[], where: ToolPath): Promise<string> {
  const options = {
    env: environmentOf(where),
    timeout: DEADLINE,
    maxBuffer: MOST_OUTPUT,
    killSignal: "SIGKILL",
  } as const;
  return new Promise((resolve, reject) => {
    execFile(tool, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.killed) {
        return reject(
          fanFailure(`${tool} gave no answer within ${DEADLINE / 1000} s`, "look at the kernel's log"),
        );
      }
      reject("syscall" in error ? notStarted(tool, error) : toolFailure(tool, stderr || messageOf(error)));
    });
  });
}

/** A tool that runs until it is ended. */
export interface RunningTool {
  name: string;
  /** Resolves when it has ended by itself or was ended, to how and why. Never rejects. */
  ended: Promise<AgentError>;
  /** Whether it still runs. */
  isAlive(): boolean;
  /** Ends it and waits until it has gone. */
  end(): Promise<void>;
}

/**
 * Starts a tool that is to run for long, and tells `onWord` each line it writes. The kernel kills it when this process
 * dies, however that comes (PR_SET_PDEATHSIG, by setpriv of util-linux, which is essential in Debian): it would go on
 * holding its line. For one that died before that was asked no signal comes: the shell starts the tool only as this
 * process's child. It has a session of its own, so that Ctrl-C in a terminal does not end it before we do.
 */
export function startTool(
  tool: string,
  args: readonly string[],
  where: ToolPath,
  onWord: (word: string) => void = () => undefined,
): RunningTool {
  const asOurs = ["/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid), tool, ...args];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...asOurs], {
    env: environmentOf(where),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaint = "";
  // Out of file descriptors, Node gives a child without pipes.
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(0, 1000);
  });
  eachLine(child, onWord);
  let isAlive = true;
  const ended = new Promise<AgentError>((resolve) => {
    child.once("error", (error) => resolve(notStarted("setpriv", error)));
    child.once("close", (code, signal) => {
      const how = signal ? `ended by ${signal}` : `ended with code ${code}`;
      resolve(toolFailure(tool, complaint || how));
    });
  }).finally(() => {
    isAlive = false;
  });
  return {
    name: tool,
    ended,
    isAlive: () => isAlive,
    async end() {
      child.kill("SIGTERM");
      const impatience = setTimeout(() => child.kill("SIGKILL"), END_DEADLINE);
      await ended;
      clearTimeout(impatience);
    },
  };
}

function eachLine(child: ChildProcess, onWord: (word: string) => void): void {
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onWord(line.trim());
  });
}
