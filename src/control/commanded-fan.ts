import type { AgentError } from "../errors.ts";
import { asFanFailure } from "../fan/failure.ts";
import type { Fan, FanState } from "../fan/fan.ts";
import type { Clock } from "../lib/clock.ts";
import { type Deadline, withDeadline } from "../lib/deadline.ts";

/** The fan as the loop commands it: one command at a time, and with care where one was not obeyed. */
export interface CommandedFan {
  /** What the fan knows of itself; `failed` too since a command that was not obeyed, until one is. */
  state(): FanState;
  /** Why the last command was not obeyed; undefined if it was. */
  fault(): AgentError | undefined;
  /** Whether a fan that has failed may be commanded again: a minute after the last command, and not while that hangs. */
  isDue(): boolean;
  /** A person asks: the minute does not count. */
  askNow(): void;
  /** Rejects with `FAN_FAILED` if the fan does not obey within 10 s, and at once while the command before has no end. */
  set(on: boolean): Promise<void>;
}

export interface CommandedFanParts {
  fan: Pick<Fan, "set" | "state">;
  clock: Clock;
  /** A command was not obeyed. */
  onFault: (error: AgentError) => void;
  /** A command that was given up has ended after all: at some moment until now the fan may have moved. */
  onLate: (on: boolean) => void;
}

const FAN_DEADLINE: Deadline = {
  after: 10_000,
  code: "FAN_FAILED",
  awaiting: "the fan",
  remedy: "check the line; cave-agent doctor does",
};
const FAN_RETRY = 60_000;
/** A fan that is being commanded is not left half-way because the agent stops. */
const NEVER = new AbortController().signal;

export function createCommandedFan({ fan, clock, onFault, onLate }: CommandedFanParts): CommandedFan {
  let fault: AgentError | undefined;
  let isUnderWay = false;
  let retryAt = Number.NEGATIVE_INFINITY;

  function give(on: boolean): Promise<void> {
    let isGivenUp = false;
    isUnderWay = true;
    const given = fan.set(on);
    const end = (failure: AgentError | undefined) => {
      isUnderWay = false;
      if (!isGivenUp) return;
      fault = failure;
      onLate(on);
    };
    given.then(
      () => end(undefined),
      (error: unknown) => end(asFanFailure(error)),
    );
    return withDeadline(given, FAN_DEADLINE, clock, NEVER).finally(() => {
      isGivenUp = true;
    });
  }

  return {
    state: () => (fault ? "failed" : fan.state()),
    fault: () => fault,
    isDue: () => !isUnderWay && clock.monotonic() >= retryAt,
    askNow() {
      retryAt = Number.NEGATIVE_INFINITY;
    },
    async set(on) {
      if (isUnderWay && fault) throw fault;
      try {
        await give(on);
        fault = undefined;
      } catch (error) {
        fault = asFanFailure(error);
        onFault(fault);
        throw error;
      } finally {
        // After every one: a fan that obeys and fails again must not be switched at the pace of the readings.
        retryAt = clock.monotonic() + FAN_RETRY;
      }
    },
  };
}
