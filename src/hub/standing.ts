import type { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { createMoment } from "../lib/moment.ts";
import type { ConnectionState } from "./hub.ts";

/** For people and programs. `since` is ISO 8601; `code` and `remedy` are of the error that has led there, or null. */
export interface StandingDescription {
  state: ConnectionState;
  cause: string;
  code: string | null;
  remedy: string | null;
  since: string;
  /** When the next try begins, at the latest, ISO 8601; null while nothing waits for one. */
  retryAt: string | null;
}

/** Where the session stands, and since when. */
export interface Standing {
  state(): ConnectionState;
  cause(): string;
  /** What has led there; undefined if that was no error. */
  error(): AgentError | undefined;
  /** True if that is news. `wait`: milliseconds until the next try. */
  enter(state: ConnectionState, cause: string, error?: AgentError, wait?: number): boolean;
  describe(): StandingDescription;
  /** Resolves when `online`, now or later; rejects as `signal` aborts. */
  waitUntilOnline(signal: AbortSignal): Promise<void>;
}

export function createStanding(clock: Clock): Standing {
  const online = createMoment();
  let state: ConnectionState = "starting";
  let cause = "start";
  let error: AgentError | undefined;
  let since = clock.monotonic();
  let retryAt: number | undefined;

  // Derived anew each time: a clock that was wrong then puts it right once it is set.
  const iso = (monotonic: number) => new Date(clock.now() - clock.monotonic() + monotonic).toISOString();

  return {
    state: () => state,
    cause: () => cause,
    error: () => error,
    enter(next, why, of, wait) {
      retryAt = wait === undefined ? undefined : clock.monotonic() + wait;
      if (next === state && why === cause) return false;
      state = next;
      cause = why;
      error = of;
      since = clock.monotonic();
      if (next === "online") online.come();
      return true;
    },
    describe() {
      return {
        state,
        cause,
        code: error?.code ?? null,
        remedy: error?.remedy ?? null,
        since: iso(since),
        retryAt: retryAt === undefined ? null : iso(retryAt),
      };
    },
    waitUntilOnline: async (signal) => (state === "online" ? signal.throwIfAborted() : online.wait(signal)),
  };
}
