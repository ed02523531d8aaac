import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds. */
const LOOK_EVERY = 20;

export interface UntilOptions {
  seconds?: number;
  /** More to say when time is over. */
  onTimeout?: () => string;
}

/** Resolves to the first value of `probe` that is neither undefined, null nor false; rejects when time is over. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { seconds = 20, onTimeout = () => "" }: UntilOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false)
      return value as NonNullable<Exclude<T, false>>;
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}\n${onTimeout()}`);
    await delay(LOOK_EVERY);
  }
}
