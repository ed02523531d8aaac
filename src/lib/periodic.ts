import { isAborted } from "../errors.ts";
import type { Clock } from "./clock.ts";

/**
 * Calls `task` every `period` milliseconds from now on, never twice at once, until `signal` aborts. A run that takes
 * longer than the period makes the next one start at once, without catching up on those it missed. `task` handles its
 * own failures: one that escapes ends the loop and rejects.
 */
export async function everyPeriod(
  period: () => number,
  task: (signal: AbortSignal) => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let due = clock.monotonic();
  while (!signal.aborted) {
    try {
      await task(signal);
      due = Math.max(due + period(), clock.monotonic());
      await clock.sleep(due - clock.monotonic(), signal);
    } catch (error) {
      if (signal.aborted && isAborted(error)) return;
      throw error;
    }
  }
}
