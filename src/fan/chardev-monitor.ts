import type { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { untilHeld } from "./chardev-held.ts";
import type { ChardevLine } from "./chardev-line.ts";
import type { Input } from "./driver.ts";
import { fanFailure } from "./failure.ts";
import type { Pull } from "./fan.ts";
import type { Gpiod } from "./gpiod.ts";
import type { RunningTool } from "./tool.ts";

export interface MonitorParts {
  gpiod: Gpiod;
  clock: Clock;
  pull: Pull;
  onEdge: (level: boolean) => void;
  onLost: (error: AgentError) => void;
}

/** Each read starts libgpiod's tools several times, and misses what happens meanwhile. Milliseconds. */
const READ_AGAIN = 600_000;

/**
 * An input that a gpiomon watches, from the first `read` on. gpiomon does not tell the level that it begins with, and
 * nobody else may read the line while it has it: each `read` ends it, reads, and begins it anew. An edge between the two
 * is missed, which is why a disagreement is read again before it is believed.
 */
export function createMonitor(line: ChardevLine, parts: MonitorParts): Input {
  const { gpiod, pull, onEdge, onLost } = parts;
  let monitor: RunningTool | undefined;

  async function close(): Promise<void> {
    const former = monitor;
    monitor = undefined;
    await former?.end();
  }

  return {
    readAgain: READ_AGAIN,
    async read() {
      await close();
      const level = await gpiod.readInput(line.tool, pull);
      const begun = await gpiod.monitor(line.tool, pull, onEdge);
      await untilHeld(begun, line, "input", parts);
      monitor = begun;
      void begun.ended.then((error) => {
        if (monitor !== begun) return;
        monitor = undefined;
        onLost(fanFailure(`${line.where}; ${error.message}`, error.remedy));
      });
      return level;
    },
    close,
  };
}
