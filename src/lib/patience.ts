import { AgentError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { type Deadline, overdue, withDeadline } from "./deadline.ts";
import { inKernel } from "./in-kernel.ts";

/**
 * What `call` resolves to, if it does within so many milliseconds, 10 s by default. Rejects with `STATE_NOT_KEPT`
 * otherwise, and then at once, without a call, until the one that was given up has ended after all: it goes on in the
 * kernel, holds one of libuv's few threads, and may still change what it was to change.
 */
export type Patience = <T>(call: () => Promise<T>, milliseconds?: number) => Promise<T>;

/** For whoever has nothing else to do than to wait. */
export const ENDLESS: Patience = (call) => call();

const OPERATION = 10_000;
/** For what the agent reads at its start: cave and cloud wait for it. */
export const READ = 5000;

const NEVER = new AbortController().signal;

/** For all that is read and written on the disk of `place`. */
export function createPatience(place: string, clock: Clock): Patience {
  const hanging = new Set<Promise<unknown>>();
  const deadline = (after: number): Deadline => ({
    after,
    code: "STATE_NOT_KEPT",
    awaiting: `the disk of ${place}`,
    remedy: "check the disk's health, its cable or its network; the agent goes on by itself once it answers",
  });

  return async (call, milliseconds = OPERATION) => {
    if (hanging.size > 0) throw stillHanging(place, deadline(milliseconds));
    let isOver = false;
    const given = inKernel(call());
    const end = () => {
      isOver = true;
      hanging.delete(given);
    };
    given.then(end, end);
    try {
      return await withDeadline(given, deadline(milliseconds), clock, NEVER);
    } finally {
      if (!isOver) hanging.add(given);
    }
  };
}

function stillHanging(place: string, deadline: Deadline): AgentError {
  const { code, retryable, remedy } = overdue(deadline);
  const message = `the disk of ${place} still owes an answer: nothing else is asked of it`;
  return new AgentError(message, { code, retryable, remedy });
}
