import type { Clock } from "./clock.ts";

/** Hands out places at a bounded rate. */
export interface Rate {
  /** Milliseconds until a place is free; 0: one is. */
  wait(): number;
  /** Takes it. */
  take(): void;
}

/** At most `perSecond` places a second, one second's worth at once after a quiet time; 0: no bound. */
export function createRate(perSecond: number, clock: Clock): Rate {
  if (perSecond === 0) return { wait: () => 0, take: () => undefined };
  const spacing = 1000 / perSecond;
  let taken = clock.monotonic();
  const next = () => Math.max(taken, clock.monotonic() - 1000) + spacing;
  return {
    wait: () => Math.max(0, next() - clock.monotonic()),
    take() {
      taken = next();
    },
  };
}
