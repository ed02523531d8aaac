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

/** The retryable error of a deadline that has passed. */
export function overdue({ after, code, awaiting, remedy }: Deadline): AgentError {
  const message = `no answer within ${after / 1000} s: waited for ${awaiting}`;
  return new AgentError(message, { code, retryable: true, remedy });
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
  let callOff: () => void = () => undefined;
  const end = new Promise<never>((_, reject) => {
    callOff = clock.after(deadline.after, () => reject(overdue(deadline)));
    if (signal.aborted) reject(signal.reason);
    else linked.signal.addEventListener("abort", () => reject(linked.signal.reason));
  });
  const working = typeof work === "function" ? work(linked.signal) : work;
  working.catch(() => undefined);
  end.catch(() => undefined);
  try {
    return await Promise.race([working, end]);
  } finally {
    callOff();
    linked.abort();
    linked.release();
  }
}
