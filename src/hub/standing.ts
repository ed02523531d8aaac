import type { Clock } from "../lib/clock.ts";
import { createMoment } from "../lib/moment.ts";
import type { ConnectionState } from "./hub.ts";

/** Where the session stands, and since when. */
export interface Standing {
  state(): ConnectionState;
  cause(): string;
  /** True if that is news. */
  enter(state: ConnectionState, cause: string): boolean;
  /** `since` is ISO 8601. */
  describe(): { state: ConnectionState; cause: string; since: string };
  /** Resolves when `online`, now or later; rejects as `signal` aborts. */
  waitUntilOnline(signal: AbortSignal): Promise<void>;
}

export function createStanding(clock: Clock): Standing {
  const online = createMoment();
  let state: ConnectionState = "starting";
  let cause = "start";
  let since = clock.monotonic();

  return {
    state: () => state,
    cause: () => cause,
    enter(next, why) {
      if (next === state && why === cause) return false;
      state = next;
      cause = why;
      since = clock.monotonic();
      if (next === "online") online.come();
      return true;
    },
    describe() {
      // Derived anew each time: a clock that was wrong then puts it right once it is set.
      const time = clock.now() - (clock.monotonic() - since);
      return { state, cause, since: new Date(time).toISOString() };
    },
    waitUntilOnline: async (signal) => (state === "online" ? signal.throwIfAborted() : online.wait(signal)),
  };
}
