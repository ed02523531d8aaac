import { type Alerts, assess } from "./cave/alerts.ts";
import type { FanReason, Override } from "./cave/controller.ts";
import { delayed, type GuardState, type Hold, putBack, switched } from "./cave/guard.ts";
import { drivesControl, type Quality, type QualityState } from "./cave/quality.ts";
import { INITIAL_RESPONSE, type ResponseLimits, respond } from "./cave/response.ts";
import type { Sample } from "./cave/sample.ts";
import { createSchedule } from "./cave/schedule.ts";
import type { Settings } from "./cave/settings.ts";
import { type Steering, type SteerLimits, type SteerState, steer, withoutFan } from "./cave/steer.ts";
import { createCommandedFan } from "./control/commanded-fan.ts";
import { createQueue } from "./control/queue.ts";
import { createSharedReading } from "./control/shared-reading.ts";
import { AgentError, isAborted, messageOf } from "./errors.ts";
import { fanAbsent } from "./fan/absent.ts";
import { fanFailure } from "./fan/failure.ts";
import type { Fan } from "./fan/fan.ts";
import { linkSignals, orAborted } from "./lib/abort.ts";
import type { Clock } from "./lib/clock.ts";
import { type Deadline, withDeadline } from "./lib/deadline.ts";
import { everyPeriod } from "./lib/periodic.ts";
import type { Reading, Sensor } from "./sensor/sensor.ts";

/** A measurement that is to be kept: what the outbox adds is its sequence. */
export type Measurement = Omit<Sample, "run">;

/** What the loop works with. Durations in milliseconds. */
export interface ControlOptions {
  sensor: Sensor;
  fan: Fan;
  clock: Clock;
  readEvery: number;
  limits: SteerLimits;
  response: ResponseLimits;
  settings: () => Settings;
  /** What an earlier run left: guard and override. */
  initial: SteerState;
  /**
   * Takes the fan over and says where the guard stands then; never rejects. Called once, by `run` or the first override;
   * until it resolves the cave is measured and the fan left alone. Left out: the fan is taken, and `initial` has its guard.
   */
  takeFan?: () => Promise<GuardState>;
  /** Called before the fan moves and after each change of guard or override. Waited for, but not longer than 1 s. */
  remember: (state: SteerState) => Promise<void>;
  /** A sample to be kept; `urgent` when an alert has come or gone, or the fan has switched. Must not throw. */
  onSample: (sample: Measurement, urgent: boolean) => void;
  /** After every reading. */
  onTick: (state: ControlState) => void;
  onSensorFault: (error: unknown) => void;
  onFanFault: (error: unknown) => void;
}

/** What the loop knows at a moment. */
export interface ControlState {
  fan: ReturnType<Fan["state"]>;
  reason: FanReason;
  /** Wall clock at which the override ends; undefined without one. */
  overrideUntil: number | undefined;
  /** Wall clock at which the fan may follow what is wanted of it, and the limit that it waits for. */
  held: Hold | undefined;
  sensor: "ok" | "failed" | "stale";
  /** Why there is no reading. */
  fault: string | undefined;
  quality: Quality;
  /** The fan runs and the air does not answer. */
  noEffect: boolean;
  reading: (Reading & { readAt: number }) | undefined;
  alerts: Alerts;
}

/** What a person wants of the fan, for so many milliseconds. */
export interface Wish {
  on: boolean;
  duration: number;
}

/** The imperative shell around cave/: from sensor to fan, whether or not there is a cloud. */
export interface Control {
  /** Resolves once `signal` has aborted. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Sets or, with undefined, ends an override. Resolves once the fan has obeyed, and its feedback has shown it, or the
   * guard holds it for a while (`state().held`). Rejects with `FAN_FAILED` if it does not obey, with `FAN_HELD` if the
   * guard would hold it for as long as the override lasts, with `FAN_ABSENT`, and with `CONTROL_BUSY` if many others
   * wait; the override is then as it was. Resolves to what was decided on this wish: others may have come since.
   */
  override(wish: Wish | undefined, signal: AbortSignal): Promise<ControlState>;
  /** Settings have changed: what needs no reading, such as `fanMode`, takes effect now. */
  reconsider(): void;
  /** The reading that is under way, or else a fresh one, for a person who asks; it is not kept. */
  read(signal: AbortSignal): Promise<Reading>;
  state(): ControlState;
  /** Writes down guard and override as they are now: their ages grow while nothing happens. */
  remember(): Promise<void>;
  /**
   * Puts the fan in its safe state and remembers that it moved; a command that is under way ends before, and none comes
   * after. Rejects with `FAN_FAILED` if the fan cannot be released, or not within 10 s.
   */
  release(): Promise<void>;
}

const RELEASE_DEADLINE: Deadline = {
  after: 10_000,
  code: "FAN_FAILED",
  awaiting: "the fan's safe state",
  remedy: "check the line; cave-agent doctor does",
};
const FAN_PATIENCE = 1000;
const SHORTEST_PERIOD = 250;
const REMEMBER_DEADLINE = 1000;
/** A fan that takes its time takes seconds for each. */
const WAITING_OVERRIDES = 10;

function heldTooLong(held: Hold, clock: Clock): AgentError {
  const until = new Date(clock.now() + (held.until - clock.monotonic())).toISOString();
  return new AgentError(`the fan must stay as it is until ${until} (${held.cause})`, {
    code: "FAN_HELD",
    retryable: true,
    remedy: "ask again then, or for a longer time",
  });
}

export function createControl(options: ControlOptions): Control {
  const { sensor, fan, clock, readEvery, limits, settings } = options;
  /** Whatever decides for the fan or commands it. Nothing in it waits for the sensor. */
  const queue = createQueue(WAITING_OVERRIDES);
  const commanded = createCommandedFan({
    fan,
    clock,
    onFault: options.onFanFault,
    onLate(on) {
      const { guard } = steering;
      const now = clock.monotonic();
      book(guard.on === on ? delayed(guard, now) : switched(guard, on, now));
    },
  });
  let steering = options.initial;
  let last: Steering | undefined;
  let isTaken = options.takeFan === undefined;
  let taking: Promise<void> | undefined;
  let isReleased = false;
  /** The fan was seen where the guard has booked it. */
  let hasObeyed = false;
  /** The newest override that the fan was seen to obey, or that waits for the guard. */
  let standing = steering.controller.override;
  /** Of the newest reading: a decision that takes none says nothing of it. */
  let quality: Quality = "missing";
  let response = INITIAL_RESPONSE;
  let reading: ControlState["reading"];
  /** The newest reading that is the cave's and not the warm sensor's. */
  let caveAir: Reading | undefined;
  let fault: string | undefined;
  let alerts: Alerts = { fan: false, temperature: false, humidity: false };
  /** The reading that was judged last, and what was remembered before it. */
  let judged: { air: Reading; from: QualityState } | undefined;
  let isReconsidering = false;
  let readAt = clock.monotonic();
  const schedule = createSchedule();

  const readSensor = createSharedReading(sensor, clock);

  async function measure(signal: AbortSignal): Promise<Reading | undefined> {
    try {
      const measured = await readSensor(signal);
      reading = { ...measured, readAt: clock.now() };
      if (!measured.heated) caveAir = measured;
      fault = undefined;
      return measured;
    } catch (error) {
      if (signal.aborted && isAborted(error)) throw error;
      // Said once: a sensor that stays broken would otherwise fill the log at its reading rate.
      if (fault === undefined) options.onSensorFault(error);
      fault = messageOf(error);
      return undefined;
    }
  }

  // A disk that hangs must not hold the fan.
  async function remember(): Promise<void> {
    await Promise.race([options.remember(steering), clock.sleep(REMEMBER_DEADLINE)]);
  }

  function book(guard: GuardState): void {
    steering = { ...steering, guard };
  }

  const isAt = (on: boolean) => commanded.state() === (on ? "on" : "off");

  async function obey(next: Steering): Promise<void> {
    if (isReleased) throw fanFailure("the fan was released and takes no commands", "restart the agent");
    const isNew = next.state.guard !== steering.guard;
    last = next;
    steering = next.state;
    if (next.on === undefined) return;
    if (isAt(next.on)) {
      hasObeyed = true;
      return;
    }
    if (isNew) hasObeyed = false;
    // A fan that is wanted elsewhere is not commanded back meanwhile: each try would lengthen the hold.
    if (next.held) return;
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

  /** Once, however many ask. */
  const fanTaken = (): Promise<void> => {
    taking ??= takeFan();
    return taking;
  };

  async function takeFan(): Promise<void> {
    if (!options.takeFan) return;
    const guard = await options.takeFan();
    await queue.first(async () => {
      if (isReleased) return;
      isTaken = true;
      book(guard);
      await remember();
      // Decided on again, now that the fan can follow.
      await obey(decideOn(fault === undefined ? judged?.air : undefined, steering)).catch(() => undefined);
      options.onTick(state());
    });
  }

  const hasFan = () => fan.describe().driver !== "none";

  function decideOn(air: Reading | undefined, from: SteerState): Steering {
    // Two may decide on one reading: it must not pass for two that agree.
    const quality = air && air === judged?.air ? judged.from : from.quality;
    if (air) judged = { air, from: quality };
    const next = steer({ ...from, quality }, air, settings(), limits, clock.monotonic());
    if (!isTaken) return withoutFan(next, from, "starting");
    return hasFan() ? next : withoutFan(next, from, "no-fan");
  }

  function keep(air: Reading | undefined, at: Pick<Measurement, "sampledAt" | "monotonic">): void {
    const found = assess(caveAir, settings(), commanded.state());
    alerts = { ...found, fan: found.fan || response.noEffectSince !== undefined };
    if (!air) return;
    const due = schedule.due(at.monotonic, settings().telemetryInterval * 1000, {
      alerts,
      fan: commanded.state(),
    });
    if (due === "no") return;
    options.onSample({ ...air, ...at, quality, alerts }, due === "urgent");
  }

  async function tick(signal: AbortSignal): Promise<void> {
    readAt = clock.monotonic();
    const air = await measure(signal);
    const at = { sampledAt: clock.now(), monotonic: clock.monotonic() };
    await queue.first(async () => {
      await follow(air);
      keep(air, at);
      options.onTick(state());
    });
  }

  async function follow(air: Reading | undefined): Promise<void> {
    const next = decideOn(air, steering);
    quality = next.quality;
    // The fault was told; the loop goes on to the next reading.
    await obey(next).catch(() => undefined);
    const good = drivesControl(next.quality) ? air : undefined;
    response = respond(
      response,
      commanded.state() === "on",
      good,
      settings(),
      options.response,
      clock.monotonic(),
    );
  }

  async function override(wish: Wish | undefined, air: Reading | undefined): Promise<void> {
    const before = steering;
    const until = clock.monotonic() + (wish?.duration ?? 0);
    const wished: SteerState = {
      ...before,
      controller: { ...before.controller, override: wish && { on: wish.on, until } },
    };
    const next = decideOn(air, wished);
    if (!wish) quality = next.quality;
    if (wish && next.held && next.held.until >= until) throw heldTooLong(next.held, clock);
    commanded.askNow();
    try {
      await obey(next);
      await remember();
    } catch (error) {
      setOverride(before.controller.override);
      throw error;
    } finally {
      options.onTick(state());
    }
  }

  function setOverride(value: Override | undefined): void {
    steering = { ...steering, controller: { ...steering.controller, override: value } };
  }

  /** Confirmed outside of the queue: a fan that takes its time to start must not keep the loop from its readings. */
  async function overrideConfirmed(wish: Wish | undefined, signal: AbortSignal): Promise<ControlState> {
    if (wish && !hasFan()) throw fanAbsent(fan.describe().detail);
    if (!isTaken) await orAborted(fanTaken(), signal);
    // A person's "on" must not wait for a sensor; "auto" needs a reading to decide on.
    const air = wish ? undefined : await measure(signal);
    const { mine, outcome } = await queue.last(async () => {
      signal.throwIfAborted();
      await override(wish, air);
      return { mine: steering.controller.override, outcome: state() };
    });
    try {
      if (wish && !outcome.held) await fan.confirmed(signal);
      standing = mine;
      return outcome;
    } catch (error) {
      await queue.first(async () => {
        if (isAborted(error) || steering.controller.override !== mine) return;
        setOverride(standing);
        await remember();
      });
      throw error;
    } finally {
      options.onTick(state());
    }
  }

  function state(): ControlState {
    const toWall = (monotonic: number) => clock.now() + (monotonic - clock.monotonic());
    const wish = steering.controller.override;
    const held = last?.held;
    return {
      fan: commanded.state(),
      reason: last?.reason ?? "starting",
      overrideUntil: wish && toWall(wish.until),
      held: held && { ...held, until: toWall(held.until) },
      sensor: last?.stale ? "stale" : fault === undefined ? "ok" : "failed",
      fault,
      quality,
      noEffect: response.noEffectSince !== undefined,
      reading,
      alerts,
    };
  }

  async function release(): Promise<void> {
    isReleased = true;
    const before = fan.state();
    try {
      await withDeadline(fan.release(), RELEASE_DEADLINE, clock, new AbortController().signal);
    } finally {
      const after = fan.state();
      if (after !== before) {
        const on = after === "failed" ? undefined : after === "on";
        book(switched(steering.guard, on, clock.monotonic()));
        await remember();
      }
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    if (!isTaken) await waitForFan(signal);
    await everyPeriod(untilNext, tick, clock, signal);
  }

  /** A fan that is taken soon follows the first reading; one that is not has the cave measured meanwhile. */
  async function waitForFan(signal: AbortSignal): Promise<void> {
    const patience = linkSignals(signal);
    await Promise.race([fanTaken(), clock.sleep(FAN_PATIENCE, patience.signal)]).catch(() => undefined);
    patience.abort();
    patience.release();
  }

  /** Many at once are one: the newest settings count. */
  async function reconsider(): Promise<void> {
    if (isReconsidering) return;
    isReconsidering = true;
    await queue.first(async () => {
      isReconsidering = false;
      await obey(decideOn(undefined, steering)).catch(() => undefined);
    });
  }

  // A sample that is due sooner than the next reading brings the reading forward, but not a sensor that just failed.
  function untilNext(): number {
    const { telemetryInterval } = settings();
    const sampleIn = fault === undefined ? schedule.next(telemetryInterval * 1000) - readAt : readEvery;
    return Math.max(SHORTEST_PERIOD, Math.min(readEvery, sampleIn));
  }

  return {
    run,
    override: overrideConfirmed,
    reconsider: () => void reconsider(),
    read: readSensor,
    state,
    // What an earlier run has left says more than what is known before the fan is found.
    remember: async () => {
      if (isTaken) await remember();
    },
    release: () => queue.first(release),
  };
}
