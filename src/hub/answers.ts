import { setMaxListeners } from "node:events";
import { AgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { overdue } from "../lib/deadline.ts";

/** What the hub owes over one connection. */
export interface Answers {
  /**
   * What `answer` resolves to. Rejects with `HUB_TIMEOUT` if it is not there in time, with `HUB_OFFLINE` once the
   * connection has ended, and with the reason of `signal`; what comes later is then ignored, because the SDK's calls
   * cannot be stopped.
   */
  owe<T>(answer: Promise<T>, awaiting: string, signal: AbortSignal): Promise<T>;
  /** The connection has ended: nothing more is answered. */
  end(): void;
}

/** Milliseconds. */
const DEADLINE = 30_000;

interface Debt {
  awaiting: string;
  /** On the monotonic clock. */
  due: number;
  signal: AbortSignal;
  fail(error: unknown): void;
}

/**
 * Lighter than `withDeadline`, because it is the price of every message: all that wait share one timer, and one listener
 * for each signal. `onOverdue` hears of an answer that did not come.
 */
export function createAnswers(clock: Clock, onOverdue: (error: AgentError) => void): Answers {
  /** In the order in which they are due, which is that in which they were made. */
  const owed = new Set<Debt>();
  const heard = new WeakSet<AbortSignal>();
  const end = new AbortController();
  let callOff: (() => void) | undefined;

  function watch(): void {
    const [oldest] = owed;
    if (!oldest || callOff) return;
    callOff = clock.after(Math.max(0, oldest.due - clock.monotonic()), () => {
      callOff = undefined;
      // The one for which the timer was set may have been paid long ago.
      for (const debt of owed) if (debt.due <= clock.monotonic()) miss(debt);
      watch();
    });
  }

  function settle(debt: Debt): void {
    owed.delete(debt);
    if (owed.size > 0) return;
    callOff?.();
    callOff = undefined;
  }

  function miss(debt: Debt): void {
    const error = overdue({ ...HUB_TIMEOUT, awaiting: debt.awaiting });
    debt.fail(error);
    onOverdue(error);
  }

  function hear(signal: AbortSignal): void {
    if (heard.has(signal)) return;
    heard.add(signal);
    // A signal lives for many connections, each with its listener until it ends: Node's guess of a leak would be wrong.
    setMaxListeners(0, signal);
    const stop = () => failAll((debt) => debt.signal === signal, signal.reason);
    signal.addEventListener("abort", stop, { once: true, signal: end.signal });
  }

  function failAll(isMeant: (debt: Debt) => boolean, error: unknown): void {
    for (const debt of owed) if (isMeant(debt)) debt.fail(error);
  }

  return {
    owe: (answer, awaiting, signal) =>
      new Promise((resolve, reject) => {
        const fail = (error: unknown): void => {
          settle(debt);
          reject(error);
        };
        const debt = { awaiting, due: clock.monotonic() + DEADLINE, signal, fail };
        owed.add(debt);
        answer.then((value) => {
          settle(debt);
          resolve(value);
        }, fail);
        if (signal.aborted) fail(signal.reason);
        else if (end.signal.aborted) fail(offline());
        hear(signal);
        watch();
      }),
    end() {
      end.abort();
      failAll(() => true, offline());
    },
  };
}

const HUB_TIMEOUT = {
  after: DEADLINE,
  code: "HUB_TIMEOUT",
  remedy: "check the network; the agent reconnects",
};

export function offline(): AgentError {
  return new AgentError("offline", {
    code: "HUB_OFFLINE",
    retryable: true,
    remedy: "nothing: the agent reconnects",
  });
}
