import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "#agent/lib/clock.js";

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /**
   * Goes on by `milliseconds`, waking sleepers when their time has come, earliest first, and letting each do what it
   * does before the next: one that sleeps again within the time is woken again.
   */
  advance(milliseconds: number): Promise<void>;
  /** Moves the wall clock only, as NTP does: no sleeper wakes. */
  jumpWall(milliseconds: number): void;
  /** How many sleep now, or are to be called. */
  sleepers(): number;
}

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Starts at `wall` (milliseconds since 1970) and monotonic 0. */
export function createFakeClock(wall = Date.UTC(2024, 0, 1)): FakeClock {
  let monotonic = 0;
  let wallOffset = wall;
  const sleepers = new Set<Sleeper>();

  function nextDue(limit: number): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.due <= limit && (!earliest || sleeper.due < earliest.due)) earliest = sleeper;
    }
    return earliest;
  }

  return {
    now: () => wallOffset + monotonic,
    monotonic: () => monotonic,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper: Sleeper = { due: monotonic + milliseconds, wake };
        function wake(): void {
          leave();
          resolve();
        }
        function abort(): void {
          leave();
          reject(new DOMException("The sleep was stopped", "AbortError"));
        }
        function leave(): void {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", abort);
        }
        if (signal?.aborted) return abort();
        sleepers.add(sleeper);
        signal?.addEventListener("abort", abort);
      }),
    after(milliseconds, act) {
      const sleeper: Sleeper = { due: monotonic + milliseconds, wake };
      function wake(): void {
        sleepers.delete(sleeper);
        act();
      }
      sleepers.add(sleeper);
      return () => void sleepers.delete(sleeper);
    },
    async advance(milliseconds) {
      const end = monotonic + milliseconds;
      await nextTurn();
      for (let sleeper = nextDue(end); sleeper; sleeper = nextDue(end)) {
        monotonic = Math.max(monotonic, sleeper.due);
        sleeper.wake();
        await nextTurn();
      }
      monotonic = end;
      await nextTurn();
    },
    jumpWall(milliseconds) {
      wallOffset += milliseconds;
    },
    sleepers: () => sleepers.size,
  };
}
