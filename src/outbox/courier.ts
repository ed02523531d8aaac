import { isAborted } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Rate } from "../lib/rate.ts";
import { createExpedited } from "./expedited.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { walkOutbox } from "./round.ts";
import { createWaiters } from "./waiters.ts";

export interface CourierOptions<T> {
  outbox: Outbox<T>;
  /**
   * Resolves once the cloud has the entry. An AgentError that is not retryable says that it never will: the entry is
   * discarded. It must end soon after `signal` aborts: `run` waits for it.
   */
  send: (entry: Entry<T>, signal: AbortSignal) => Promise<void>;
  /** Resolves when sending makes sense. */
  ready: (signal: AbortSignal) => Promise<void>;
  /** Sends under way at a time, a whole number ≥ 1. */
  inFlight: number;
  /** What is expedited gets its next place. */
  rate: Rate;
  clock: Clock;
  /** Hears of the first failure of each round, not of those that it draws after it. */
  onFailure?: (error: unknown) => void;
}

/** Carries what waits in the outbox to the cloud. */
export interface Courier<T> {
  /** Works until `signal` aborts; then resolves as soon as no send is under way any more. Call it once. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends an entry of the outbox before all others, the newest such entry first. */
  expedite(entry: Entry<T>): void;
  /** Resolves when nothing waits in the outbox. Rejects with an AbortError. */
  drained(signal: AbortSignal): Promise<void>;
}

/** Milliseconds between a failed round and the next: a send that fails at once must not keep the processor busy. */
const PAUSE = 500;

/**
 * Sends the entries oldest first, several at a time, and acknowledges each once it is delivered. After a failure it
 * starts no more, waits for those under way, and begins anew with the oldest that is not acknowledged. No entry is
 * under way twice at a time, and none is sent again once a send of it has succeeded.
 */
export function createCourier<T>(options: CourierOptions<T>): Courier<T> {
  const { outbox, inFlight, clock, ready, onFailure } = options;
  if (!Number.isSafeInteger(inFlight) || inFlight < 1) {
    throw new RangeError(`inFlight: ${inFlight} is no whole number ≥ 1`);
  }
  const waiters = createWaiters();
  const expedited = createExpedited();

  return {
    async run(signal) {
      while (!signal.aborted) {
        try {
          await ready(signal);
          await walkOutbox({ ...options, expedited, onDelivered: waiters.check }, signal);
        } catch (error) {
          if (!signal.aborted) onFailure?.(error);
        }
        await pause(clock, signal);
      }
    },
    expedite: ({ sequence }) => expedited.add(sequence),
    drained: (signal) => waiters.wait(() => outbox.counts().waiting === 0, signal),
  };
}

async function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(PAUSE, signal);
  } catch (error) {
    if (!isAborted(error)) throw error;
  }
}
