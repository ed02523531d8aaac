/** Bounds of a growing wait, milliseconds. */
export interface BackoffBounds {
  /** No wait is shorter. */
  floor: number;
  /** Upper bound of the first wait. */
  base: number;
  /** Upper bound of any wait. */
  cap: number;
}

/**
 * The wait before try number `attempt` (1 is the first repeat): uniform in [floor, min(cap, base · 2^(attempt−1))].
 * Full jitter spreads a fleet that lost its hub in the same second (AWS Architecture Blog, "Exponential Backoff And
 * Jitter"); the floor keeps one unlucky draw from becoming no wait at all.
 */
export function fullJitter(attempt: number, bounds: BackoffBounds, random: () => number): number {
  const ceiling = Math.max(bounds.floor, Math.min(bounds.cap, bounds.base * 2 ** Math.min(attempt - 1, 30)));
  return bounds.floor + random() * (ceiling - bounds.floor);
}
