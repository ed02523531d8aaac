import { setMaxListeners } from "node:events";
import type { Clock } from "./clock.ts";

/** Hands out places at a bounded rate. */
export interface Rate {
  /** Resolves when the next one may go; rejects with an AbortError. */
  take(signal: AbortSignal): Promise<void>;
}

/**
 * At most `perSecond` places a second, one second's worth at once after a quiet time; 0: no bound. Callers go in the
 * order in which they came.
 */
export function createRate(perSecond: number, clock: Clock): Rate {
  if (perSecond === 0) return { take: async (signal) => signal.throwIfAborted() };
  const spacing = 1000 / perSecond;
  let next = clock.monotonic();
  return {
    async take(signal) {
      signal.throwIfAborted();
      const now = clock.monotonic();
      next = Math.max(next, now - 1000) + spacing;
      if (next <= now) return;
      // As many wait as may be in flight: Node's guess of a leak would be wrong.
      setMaxListeners(0, signal);
      await clock.sleep(next - now, signal);
    },
  };
}
