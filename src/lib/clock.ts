import { setTimeout as delay } from "node:timers/promises";

/** Time as the agent sees it; passed in everywhere, so that a test can drive a week in a second. */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. May jump: for time stamps only. */
  now(): number;
  /** Milliseconds since an arbitrary start. Never jumps: for every interval and deadline. */
  monotonic(): number;
  /** Resolves after `milliseconds` (≥ 0); rejects with an AbortError as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `act` once, `milliseconds` from now (0 to 2³¹ − 1), unless the function that it returns is called before: a
   * deadline that is nearly always called off, which costs a tenth of a `sleep` that is aborted.
   */
  after(milliseconds: number, act: () => void): () => void;
}

/** Node's timers fire at once when they are asked for more (setTimeout, "delay"). */
const LONGEST_TIMER = 2 ** 31 - 1;

async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + milliseconds;
  do {
    const left = Math.min(LONGEST_TIMER, Math.max(0, end - performance.now()));
    await delay(left, undefined, signal ? { signal } : {});
  } while (performance.now() < end - 1);
}

function after(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
  after,
};
