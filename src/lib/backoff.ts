/** Bounds of a growing wait, milliseconds. */
export interface BackoffBounds {
  /** Upper bound of the first wait. */
  base: number;
  /** Upper bound of any wait. */
  cap: number;
}

/**
 * The wait before try number `attempt` (1 is the first repeat): uniform in [base/2, min(cap, base · 2^(attempt−1))].
 * Full jitter spreads a fleet that lost its hub in the same second; the floor keeps one unlucky draw from becoming no
 * wait at all (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function fullJitter(attempt: number, bounds: BackoffBounds, random: () => number): number {
  const ceiling = Math.min(bounds.cap, bounds.base * 2 ** Math.min(attempt - 1, 30));
  const floor = Math.min(bounds.base / 2, ceiling);
  return floor + random() * (ceiling - floor);
}
