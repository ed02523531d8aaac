import { AgentError, isAgentError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import { type Deadline, overdue, withDeadline } from "./deadline.ts";
import { inKernel } from "./in-kernel.ts";

/**
 * What `call` resolves to, if it does within so many milliseconds, 10 s by default. Rejects with the debtor's code,
 * `STATE_NOT_KEPT` for a disk, otherwise, and then at once, without a call, until the one that was given up has ended after
 * all: it goes on in the kernel, holds one of libuv's few threads, and may still change what it was to change. So many at
 * a time are made, the others wait for their turn within their time: a disk that hangs leaves two threads to DNS, the
 * sensor's bus and the fan's line.
 */
export type Patience = <T>(call: () => Promise<T>, milliseconds?: number) => Promise<T>;

/** For whoever has nothing else to do than to wait. */
export const ENDLESS: Patience = (call) => call();

const OPERATION = 10_000;
/** For what the agent reads at its start: cave and cloud wait for it. */
export const READ = 5000;

/** True for the error of a disk that did not answer: it says nothing of the file that was asked for. */
export function isSilent(error: unknown): boolean {
  return isAgentError(error) && error.code === "STATE_NOT_KEPT";
}

/** Who owes the answers, and may hang. */
export interface Debtor extends Omit<Deadline, "after"> {
  /** How many calls are made at a time. Each holds one of libuv's four threads. */
  atATime: number;
}

const diskOf = (place: string): Debtor => ({
  atATime: 2,
  code: "STATE_NOT_KEPT",
  awaiting: `the disk of ${place}`,
  remedy: "check the disk's health, its cable or its network; the agent goes on by itself once it answers",
});

const NEVER = new AbortController().signal;

/** For all that is read and written on the disk of `place`, or asked of another debtor. */
export function createPatience(of: string | Debtor, clock: Clock): Patience {
  const { atATime, ...owed } = typeof of === "string" ? diskOf(of) : of;
  const underWay = new Set<object>();
  /** Those of them that were given up. */
  const hanging = new Set<object>();
  const waiting = new Set<() => void>();
  const deadline = (after: number): Deadline => ({ ...owed, after });

  return async <T>(call: () => Promise<T>, milliseconds = OPERATION): Promise<T> => {
    const work = {};
    const end = () => {
      underWay.delete(work);
      hanging.delete(work);
      const [next] = waiting;
      next?.();
    };
    let start = (): void => undefined;
    const begin = async (): Promise<T> => {
      waiting.delete(start);
      if (hanging.size > 0) throw stillHanging(deadline(milliseconds));
      const given = inKernel(call());
      underWay.add(work);
      given.then(end, end);
      return given;
    };
    const inTurn = () =>
      new Promise<T>((resolve) => {
        start = () => resolve(begin());
        waiting.add(start);
      });
    try {
      const given = hanging.size > 0 || underWay.size < atATime ? begin() : inTurn();
      return await withDeadline(given, deadline(milliseconds), clock, NEVER);
    } finally {
      waiting.delete(start);
      if (underWay.has(work)) {
        hanging.add(work);
        for (const refused of waiting) refused();
      }
    }
  };
}

function stillHanging(deadline: Deadline): AgentError {
  const { code, retryable, remedy } = overdue(deadline);
  const message = `${deadline.awaiting} still owes an answer: nothing else is asked of it`;
  return new AgentError(message, { code, retryable, remedy });
}
