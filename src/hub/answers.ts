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

/**
 * Lighter than `withDeadline`, because it is the price of every message: no signal of its own, one timer, two
 * listeners. `onOverdue` hears of an answer that did not come.
 */
export function createAnswers(clock: Clock, onOverdue: (error: AgentError) => void): Answers {
  const owed = new Set<(error: unknown) => void>();
  let hasEnded = false;

  return {
    owe: (answer, awaiting, signal) =>
      new Promise((resolve, reject) => {
        const callOff = clock.after(DEADLINE, () => {
          const error = overdue({ ...HUB_TIMEOUT, awaiting });
          fail(error);
          onOverdue(error);
        });
        const stop = () => fail(signal.reason);
        function settle(): void {
          callOff();
          owed.delete(fail);
          signal.removeEventListener("abort", stop);
        }
        function fail(error: unknown): void {
          settle();
          reject(error);
        }
        owed.add(fail);
        // As many as are in flight listen to one signal: Node's guess of a leak would be wrong.
        setMaxListeners(0, signal);
        signal.addEventListener("abort", stop);
        answer.then((value) => {
          settle();
          resolve(value);
        }, fail);
        if (signal.aborted) stop();
        else if (hasEnded) fail(offline());
      }),
    end() {
      hasEnded = true;
      for (const fail of owed) fail(offline());
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
