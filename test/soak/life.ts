import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** `time` is simulated, milliseconds since 1970. */
export interface Line {
  time: number;
  event?: string;
  msg?: string;
  fan?: string;
  sequence?: number;
  waiting?: number;
  dropped?: number;
  taken?: number;
  rss?: number;
  heap?: number;
}

/** One process of the agent, from its start to its end. */
export interface Life {
  startedAt: number;
  lines: Line[];
  /** Undefined while it lives. */
  endedBy: NodeJS.Signals | undefined;
  /** Simulated time, as far as it has told. Throws if the process has ended by itself. */
  now(): number;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has gone and all its lines are here. */
  end(name: "SIGTERM" | "SIGKILL"): Promise<void>;
}

const CHILD = fileURLToPath(new URL("./week.child.js", import.meta.url));

export function startLife(config: string, startedAt: number): Life {
  const child = fork(CHILD, [config, String(startedAt)], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--enable-source-maps", "--expose-gc"],
  });
  const closed = once(child, "close");
  const lines: Line[] = [];
  let fault = "";
  child.stderr?.on("data", (chunk) => {
    fault += chunk;
  });
  if (child.stdout) createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  const life: Life = {
    startedAt,
    lines,
    endedBy: undefined,
    now() {
      if (child.exitCode !== null)
        throw new Error(`the agent ended: ${fault}${JSON.stringify(lines.slice(-5))}`);
      return lines.at(-1)?.time ?? startedAt;
    },
    signal: (name) => child.kill(name),
    async end(name) {
      life.endedBy = name;
      child.kill(name);
      await closed;
    },
  };
  return life;
}
