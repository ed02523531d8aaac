import type { Override } from "../cave/controller.ts";
import type { Hold } from "../cave/guard.ts";
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
  state: () => ControlState;
  /** A wish may have changed it. */
  onChange: (state: ControlState) => void;
}

/**
 * Sets an override, or with undefined ends it, deciding on `air`. Resolves and rejects as `Control.override` does;
 * rejected, the override is as it was.
 */
export type Overriding = (
  wish: Wish | undefined,
  air: Reading | undefined,
  signal: AbortSignal,
) => Promise<ControlState>;

export function createOverrides({ helm, queue, fan, clock, state, onChange }: OverridesParts): Overriding {
  /** The newest that the fan was seen to obey, or that waits for the guard. */
  let standing = helm.override();

  async function command(wish: Wish | undefined, air: Reading | undefined): Promise<void> {
    const before = helm.override();
    const override = wish && { on: wish.on, until: clock.monotonic() + wish.duration };
    let next = helm.decide(air, { of: override });
    // Whoever asks is not told to wait for a fan that is not there.
    if (next.held && helm.isUnreached()) {
      await helm.reach();
      next = helm.decide(air, { of: override });
    }
    if (override && next.held && next.held.until >= override.until) throw heldTooLong(next.held, clock);
    helm.fan.askNow();
    try {
      await helm.obey(next);
      await helm.remember();
    } catch (error) {
      helm.setOverride(before);
      throw error;
    } finally {
      onChange(state());
    }
  }

  async function giveUp(refused: Override | undefined): Promise<void> {
    if (helm.override() !== refused) return;
    helm.setOverride(standing);
    await helm.remember();
  }

  return async (wish, air, signal) => {
    const { mine, outcome } = await queue.last(async () => {
      signal.throwIfAborted();
      await command(wish, air);
      return { mine: helm.override(), outcome: state() };
    });
    // Not in the queue: a fan that takes its time to start must not keep the loop from its readings.
    try {
      const isDone = wish && !outcome.held;
      if (isDone) await fan.confirmed(signal);
      standing = mine;
      // One that had failed before may have shown only now that it obeys.
      return isDone ? { ...outcome, fan: wish.on ? "on" : "off" } : outcome;
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
