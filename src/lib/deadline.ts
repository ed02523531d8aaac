import { AgentError } from "../errors.ts";
import { linkSignals } from "./abort.ts";
import type { Clock } from "./clock.ts";

/** What to say when the time is over. */
export interface Deadline {
  /** Milliseconds. */
  after: number;
  code: string;
  /** What was waited for: "the hub to accept the connection". */
  awaiting: string;
  remedy: string;
}

/**
 * What `work` resolves to, or the retryable AgentError of the deadline, or the AbortError of `signal`: whichever comes
 * first. The signal that `work` is given aborts with it. Work that does not heed it goes on unobserved, and its later
 * failure is swallowed, because callback APIs without a cancel cannot be stopped.
 */
export async function withDeadline<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  deadline: Deadline,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const linked = linkSignals(signal);
  const expiry = clock.sleep(deadline.after, linked.signal).then(() => {
    throw new AgentError(`no answer within ${deadline.after / 1000} s: waited for ${deadline.awaiting}`, {
      code: deadline.code,
      retryable: true,
      remedy: deadline.remedy,
    });
  });
  const working = typeof work === "function" ? work(linked.signal) : work;
  working.catch(() => undefined);
  expiry.catch(() => undefined);
  try {
    return await Promise.race([working, expiry]);
  } finally {
    linked.abort();
    linked.release();
  }
}
