import type { Override } from "../cave/controller.ts";
import { delayed, type GuardState, putBack, switched } from "../cave/guard.ts";
import type { QualityState } from "../cave/quality.ts";
import type { Settings } from "../cave/settings.ts";
import { type Steering, type SteerLimits, type SteerState, steer, withoutFan } from "../cave/steer.ts";
import type { AgentError } from "../errors.ts";
import { fanDeadline, fanFailure } from "../fan/failure.ts";
import type { Fan } from "../fan/fan.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Reading } from "../sensor/sensor.ts";
import { type CommandedFan, createCommandedFan } from "./commanded-fan.ts";
import { createReaching } from "./reaching.ts";

export interface HelmParts {
  fan: Fan;
  clock: Clock;
  limits: SteerLimits;
  settings: () => Settings;
  initial: SteerState;
  /** False: the fan is left alone until `take`. */
  isTaken: boolean;
  remember: (state: SteerState) => Promise<void>;
  onFanFault: (error: AgentError) => void;
}

/** Decides, has the fan follow, and keeps the guard's account true to what the fan does. Work of one at a time. */
export interface Helm {
  /**
   * Decides from what is remembered, or from that with another override. That is changed when it is obeyed, except that
   * a line that was reached is booked where it was found, and that the reading counts as judged.
   */
  decide(air: Reading | undefined, override?: { of: Override | undefined }): Steering;
  /** Rejects with `FAN_FAILED` if the fan does not follow. What waits for the guard, or for a retry, is no failure. */
  obey(next: Steering): Promise<void>;
  /** Nothing of this fan could ever be had: what its guard says is a guess. */
  isUnreached(): boolean;
  /**
   * Takes the line of such a fan; the next decision books where it was found. Not to be waited for in the queue: it may
   * take 10 s. Rejects with `FAN_FAILED` if it cannot be had now.
   */
  reach(signal: AbortSignal): Promise<void>;
  /** What was obeyed last. */
  last(): Steering | undefined;
  override(): Override | undefined;
  setOverride(override: Override | undefined): void;
  /** The fan is there, and its guard stands so. */
  take(guard: GuardState): void;
  isTaken(): boolean;
  /** Waits no longer than 1 s. */
  remember(): Promise<void>;
  /** Puts the fan in its safe state. Nothing commands it afterwards. */
  release(): Promise<void>;
  isReleased(): boolean;
  fan: Pick<CommandedFan, "state" | "fault" | "askNow">;
}

const REMEMBER_DEADLINE = 1000;

export function createHelm({ fan, clock, limits, settings, ...parts }: HelmParts): Helm {
  let steering = parts.initial;
  let last: Steering | undefined;
  let isTaken = parts.isTaken;
  let isReleased = false;
  /** The fan was seen where the guard has booked it. */
  let hasObeyed = false;
  /** When the line was reached, and nothing was booked since. */
  let reachedAt: number | undefined;
  const ending = new AbortController();
  /** The reading that was judged last, and what was remembered before it. */
  let judged: { air: Reading; from: QualityState } | undefined;
  const commanded = createCommandedFan({
    fan,
    clock,
    onFault: parts.onFanFault,
    onLate(on) {
      const { guard } = steering;
      const now = clock.monotonic();
      book(guard.on === on ? delayed(guard, now) : switched(guard, on, now));
    },
  });

  function book(guard: GuardState): void {
    reachedAt = undefined;
    steering = { ...steering, guard };
  }

  const reach = createReaching(
    fan,
    clock,
    () => {
      reachedAt = clock.monotonic();
    },
    ending.signal,
  );

  function bookReached(): void {
    if (reachedAt === undefined) return;
    const found = fan.state();
    book(switched(steering.guard, found === "failed" ? undefined : found === "on", reachedAt));
  }

  // A disk that hangs must not hold the fan.
  async function remember(): Promise<void> {
    await Promise.race([parts.remember(steering), clock.sleep(REMEMBER_DEADLINE)]);
  }

  function decide(air: Reading | undefined, override = { of: steering.controller.override }): Steering {
    bookReached();
    // Two may decide on one reading: it must not pass for two that agree.
    const quality = air && air === judged?.air ? judged.from : steering.quality;
    if (air) judged = { air, from: quality };
    const from = { ...steering, quality, controller: { ...steering.controller, override: override.of } };
    const next = steer(from, air, settings(), limits, clock.monotonic());
    if (!isTaken) return withoutFan(next, from, "starting");
    return fan.describe().driver === "none" ? withoutFan(next, from, "no-fan") : next;
  }

  const isAt = (on: boolean) => commanded.state() === (on ? "on" : "off");

  async function obey(next: Steering): Promise<void> {
    if (isReleased) throw released();
    const isNew = next.state.guard !== steering.guard;
    last = next;
    steering = next.state;
    if (next.on === undefined) return;
    if (isNew || isAt(next.on)) hasObeyed = isAt(next.on);
    // A fan that is wanted elsewhere is not commanded back meanwhile: each try would lengthen the hold.
    if (isAt(next.on) || next.held) return;
    if (commanded.state() === "failed" && !commanded.isDue()) {
      const failure = commanded.fault();
      if (failure) throw failure;
      return;
    }
    if (!isNew && !mayRepeat(next)) return;
    await remember();
    await move(next.on);
  }

  /** Commanded where it is booked already, it moves now if it moves: the guard is told, and may hold what had obeyed. */
  function mayRepeat(next: Steering): boolean {
    const { guard } = steering;
    const now = clock.monotonic();
    const { state, held } = hasObeyed
      ? putBack(guard, limits.guard, now)
      : { state: delayed(guard, now), held: undefined };
    book(state);
    last = { ...next, held };
    return held === undefined;
  }

  async function move(on: boolean): Promise<void> {
    try {
      await commanded.set(on);
    } finally {
      hasObeyed = isAt(on);
      book(delayed(steering.guard, clock.monotonic()));
    }
  }

  async function release(): Promise<void> {
    isReleased = true;
    ending.abort(released());
    const before = fan.state();
    try {
      await withDeadline(
        fan.release(),
        fanDeadline("the fan's safe state"),
        clock,
        new AbortController().signal,
      );
    } finally {
      const after = fan.state();
      if (after !== before) {
        const on = after === "failed" ? undefined : after === "on";
        book(switched(steering.guard, on, clock.monotonic()));
        await remember();
      }
    }
  }

  return {
    decide,
    obey,
    isUnreached: () => fan.describe().driver === null && fan.state() === "failed",
    reach,
    last: () => last,
    override: () => steering.controller.override,
    setOverride(override) {
      steering = { ...steering, controller: { ...steering.controller, override } };
    },
    take(guard) {
      isTaken = true;
      book(guard);
    },
    isTaken: () => isTaken,
    remember,
    release,
    isReleased: () => isReleased,
    fan: commanded,
  };
}

const released = () => fanFailure("the fan was released and takes no commands", "restart the agent");
