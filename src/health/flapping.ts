import type { Clock } from "../lib/clock.ts";

const MOST_LOSSES = 3;
/** Milliseconds. */
const WINDOW = 300_000;

/**
 * Whether the connection is lost again and again, by the number of losses since the start: from the third within 5 min
 * on, until there was none for as long. Gives the cause, or null.
 */
export function createFlapping(clock: Pick<Clock, "now" | "monotonic">): (losses: number) => string | null {
  let known = 0;
  let times: number[] = [];
  let isFlapping = false;
  let lastAt = 0;

  return (losses) => {
    const now = clock.monotonic();
    if (losses > known) lastAt = clock.now();
    for (; known < losses; known += 1) times.push(now);
    times = times.filter((time) => now - time < WINDOW);
    const isMany = times.length >= MOST_LOSSES;
    isFlapping = isMany || (isFlapping && times.length > 0);
    if (!isFlapping) return null;
    if (isMany) return `it was lost ${times.length} times within 5 minutes`;
    return `it was lost again and again, the last time at ${new Date(lastAt).toISOString()}`;
  };
}
