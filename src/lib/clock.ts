import { setTimeout as delay } from "node:timers/promises";

/** Time as the agent sees it; passed in everywhere, so that a test can drive a week in a second. */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. May jump: for time stamps only. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never jumps: for every interval and deadline. */
  monotonic(): number;
  /** Resolves after `milliseconds` (≥ 0); rejects with an AbortError as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : {}),
};
