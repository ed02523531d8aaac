import { AgentError } from "../errors.ts";
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
 * `work`, or the retryable AgentError of the deadline, or the AbortError of `signal`: whichever comes first. The work
 * goes on unobserved; its later failure is swallowed, because callback APIs without a cancel cannot be stopped.
 */
export async function withDeadline<T>(
  work: Promise<T>,
  deadline: Deadline,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const timer = new AbortController();
  const expiry = clock.sleep(deadline.after, AbortSignal.any([signal, timer.signal])).then(() => {
    throw new AgentError(`no answer within ${deadline.after / 1000} s: waited for ${deadline.awaiting}`, {
      code: deadline.code,
      retryable: true,
      remedy: deadline.remedy,
    });
  });
  work.catch(() => undefined);
  expiry.catch(() => undefined);
  try {
    return await Promise.race([work, expiry]);
  } finally {
    timer.abort();
  }
}
