import type { Clock } from "../lib/clock.ts";

/** When free places are filled: what is sent together goes out in one write, which costs little more than one message. */
export interface Volley {
  /** Whether so many free places, above 0, are to be filled now. If not, `onDue` is called once they are. */
  isDue(free: number): boolean;
  /** They were filled, or nothing is sent any more. */
  end(): void;
}

/** Messages at most for which is waited; never more than half of those that may be in flight: the hub would wait. */
const MOST = 8;
/** Milliseconds for which a free place waits for others. */
const WAIT = 10;

export function createVolley(inFlight: number, clock: Clock, onDue: () => void): Volley {
  const enough = Math.min(MOST, Math.ceil(inFlight / 2));
  let callOff: (() => void) | undefined;
  let hasWaited = false;

  return {
    isDue(free) {
      if (free >= enough || hasWaited) return true;
      callOff ??= clock.after(WAIT, () => {
        hasWaited = true;
        onDue();
      });
      return false;
    },
    end() {
      callOff?.();
      callOff = undefined;
      hasWaited = false;
    },
  };
}
