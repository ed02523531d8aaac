import type { Override } from "../cave/controller.ts";
import type { Hold } from "../cave/guard.ts";
import type { Quality } from "../cave/quality.ts";
import { AgentError, isAborted } from "../errors.ts";
import type { Fan } from "../fan/fan.ts";
import type { Clock } from "../lib/clock.ts";
import type { Reading } from "../sensor/sensor.ts";
import type { Helm } from "./helm.ts";
import type { Queue } from "./queue.ts";
import type { ControlState } from "./state.ts";

/** What a person wants of the fan, for so many milliseconds. */
export interface Wish {
  on: boolean;
  duration: number;
}

export interface OverridesParts {
  helm: Helm;
  queue: Queue;
  fan: Pick<Fan, "confirmed">;
  clock: Clock;
  measure: (signal: AbortSignal) => Promise<Reading | undefined>;
  state: () => ControlState;
  /** A reading that was decided on is worth this. */
  onJudged: (quality: Quality) => void;
  /** A wish may have changed it. */
  onChange: (state: ControlState) => void;
}

/** Resolves and rejects as `Control.override` does; rejected, the override is as it was, on disk too. */
export type Overriding = (wish: Wish | undefined, signal: AbortSignal) => Promise<ControlState>;

/** What became of a wish in the queue. */
interface Outcome {
  mine: Override | undefined;
  state: ControlState;
}

export function createOverrides(parts: OverridesParts): Overriding {
  const { helm, queue, fan, clock, measure, state, onJudged, onChange } = parts;
  /** The newest that the fan was seen to obey, or that waits for the guard. */
  let standing = helm.override();

  /** Undefined: the line has to be reached first. */
  async function command(
    wish: Wish | undefined,
    air: Reading | undefined,
    isReached: boolean,
  ): Promise<Outcome | undefined> {
    const before = helm.override();
    const override = wish && { on: wish.on, until: clock.monotonic() + wish.duration };
    const next = helm.decide(air, { of: override });
    // Whoever asks is not told to wait for a fan that is not there.
    if (next.held && helm.isUnreached() && !isReached) return undefined;
    if (override && next.held && next.held.until >= override.until) throw heldTooLong(next.held, clock);
    helm.fan.askNow();
    if (air) onJudged(next.quality);
    try {
      await helm.obey(next);
      await helm.remember();
      return { mine: helm.override(), state: state() };
    } catch (error) {
      await goBackTo(before);
      throw error;
    } finally {
      onChange(state());
    }
  }

  /** Decided on anew, and written down: a restart must not carry out what was refused. */
  async function goBackTo(override: Override | undefined): Promise<void> {
    helm.setOverride(override);
    await helm.obey(helm.decide(undefined)).catch(() => undefined);
    await helm.remember();
  }

  async function giveUp(refused: Override | undefined): Promise<void> {
    if (helm.override() === refused) await goBackTo(standing);
  }

  async function inQueue(wish: Wish | undefined, signal: AbortSignal, isReached: boolean) {
    // A person's "on" must not wait for a sensor; "auto" needs a reading to decide on.
    const air = wish ? undefined : await measure(signal);
    return queue.last(async () => {
      signal.throwIfAborted();
      return command(wish, air, isReached);
    });
  }

  async function carryOut(wish: Wish | undefined, signal: AbortSignal): Promise<Outcome> {
    for (let isReached = false; ; isReached = true) {
      const outcome = await inQueue(wish, signal, isReached);
      if (outcome) return outcome;
      // Not in the queue: a line that hangs must not keep the loop from its readings, nor the fan from its release.
      await helm.reach(signal);
    }
  }

  return async (wish, signal) => {
    const { mine, state: outcome } = await carryOut(wish, signal);
    // Not in the queue: a fan that takes its time to start must not keep the loop from its readings.
    try {
      const isDone = wish && !outcome.held;
      if (isDone) await fan.confirmed(signal);
      const isOvertaken = helm.override() !== mine;
      if (!isOvertaken) standing = mine;
      if (!isDone) return outcome;
      // Overtaken: what the feedback has shown is the other's, and so is what is held.
      if (isOvertaken) return { ...state(), held: undefined };
      // One that had failed before may have shown only now that it obeys.
      return { ...outcome, fan: wish.on ? "on" : "off" };
    } catch (error) {
      if (!isAborted(error)) await queue.first(() => giveUp(mine));
      throw error;
    } finally {
      onChange(state());
    }
  };
}

function heldTooLong(held: Hold, clock: Clock): AgentError {
  const until = new Date(clock.now() + (held.until - clock.monotonic())).toISOString();
  return new AgentError(`the fan must stay as it is until ${until} (${held.cause})`, {
    code: "FAN_HELD",
    retryable: true,
    remedy: "ask again then, or for a longer time",
  });
}
