import { setMaxListeners } from "node:events";
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
  if (typeof work !== "function") return within(work, deadline, clock, signal);
  const linked = linkSignals(signal);
  try {
    return await within(work(linked.signal), deadline, clock, signal);
  } finally {
    linked.abort();
    linked.release();
  }
}

/** Without a signal to hand on, which would cost more than all the rest. */
function within<T>(work: Promise<T>, deadline: Deadline, clock: Clock, signal: AbortSignal): Promise<T> {
  // Many may wait with one signal at a time; each lets go of it, so Node's guess of a leak would be wrong.
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const end = <Value>(settle: (value: Value) => void, value: Value): void => {
      callOff();
      signal.removeEventListener("abort", abort);
      settle(value);
    };
    const callOff = clock.after(deadline.after, () => end(reject, overdue(deadline)));
    const abort = () => end(reject, signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
    work.then(
      (value) => end(resolve, value),
      (error: unknown) => end(reject, error),
    );
  });
}
