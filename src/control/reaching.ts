import { fanDeadline } from "../fan/failure.ts";
import type { Fan } from "../fan/fan.ts";
import { orAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";

/**
 * Takes the fan's line. One attempt at a time, however many ask: each waits for it until its own `signal` aborts. Rejects
 * with `FAN_FAILED` if the line cannot be had, or not within 10 s; from then on at once, until that attempt has an end
 * after all. `stop` ends the attempt for all, with its reason.
 */
export function createReaching(
  fan: Pick<Fan, "open">,
  clock: Clock,
  onReached: () => void,
  stop: AbortSignal,
): (signal: AbortSignal) => Promise<void> {
  let attempt: Promise<void> | undefined;

  function begin(): Promise<void> {
    const opening = fan.open().then(onReached);
    const end = () => {
      attempt = undefined;
    };
    opening.then(end, end);
    return withDeadline(opening, fanDeadline("the fan's line"), clock, stop);
  }

  return async (signal) => {
    signal.throwIfAborted();
    stop.throwIfAborted();
    attempt ??= begin();
    await orAborted(attempt, signal);
  };
}
