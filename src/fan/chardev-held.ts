import type { Clock } from "../lib/clock.ts";
import { type ChardevLine, takenBy } from "./chardev-line.ts";
import { fanFailure } from "./failure.ts";
import type { Gpiod } from "./gpiod.ts";
import type { RunningTool } from "./tool.ts";

/** Longest from the start of a tool until the kernel shows that it has the line. Milliseconds. */
const DEADLINE = 4000;
const FIRST_LOOK = 20;

/** Resolves once the tool that was just started has the line; otherwise ends it and rejects with `FAN_FAILED`. */
export async function untilHeld(
  tool: RunningTool,
  line: ChardevLine,
  direction: "input" | "output",
  { gpiod, clock }: { gpiod: Gpiod; clock: Clock },
): Promise<void> {
  const end = clock.monotonic() + DEADLINE;
  try {
    const own = await gpiod.consumer(tool);
    for (let wait = FIRST_LOOK; clock.monotonic() < end; wait *= 2) {
      const info = await gpiod.info(line.tool);
      if (!tool.isAlive()) {
        const error = await tool.ended;
        throw info.consumer === undefined ? error : takenBy(info.consumer, line);
      }
      if (info.direction === direction && info.consumer === own) return;
      await clock.sleep(wait);
    }
    throw fanFailure(`${line.where}; libgpiod's tool runs and does not take it`, "look at the kernel's log");
  } catch (error) {
    await tool.end();
    throw error;
  }
}
