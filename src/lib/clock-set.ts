import type { Clock } from "./clock.ts";

/** Milliseconds between two looks at the clock. */
const LOOK_EVERY = 1000;
/** Milliseconds that it has to be moved by: less is the slewing of a time service. */
const LEAST_MOVE = 1000;

/**
 * Resolves once the wall clock was set, as by a time server, or after `most` milliseconds; rejects as soon as `signal`
 * aborts. Node does not tell of it, so the two clocks are compared, once a second.
 */
export async function clockSet(clock: Clock, most: number, signal: AbortSignal): Promise<void> {
  const offset = () => clock.now() - clock.monotonic();
  const before = offset();
  const end = clock.monotonic() + most;
  for (let left = most; left > 0; left = end - clock.monotonic()) {
    await clock.sleep(Math.min(LOOK_EVERY, left), signal);
    if (Math.abs(offset() - before) >= LEAST_MOVE) return;
  }
}
