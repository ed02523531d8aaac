import { type Alerts, assess } from "./cave/alerts.ts";
import type { FanReason, Override } from "./cave/controller.ts";
import { type Hold, switched } from "./cave/guard.ts";
import { drivesControl, type Quality } from "./cave/quality.ts";
import { INITIAL_RESPONSE, type ResponseLimits, respond } from "./cave/response.ts";
import type { Sample } from "./cave/sample.ts";
import { createSchedule } from "./cave/schedule.ts";
import type { Settings } from "./cave/settings.ts";
import { type Steering, type SteerLimits, type SteerState, steer, withoutFan } from "./cave/steer.ts";
import { AgentError, isAborted, messageOf } from "./errors.ts";
import { fanAbsent } from "./fan/absent.ts";
import type { Fan } from "./fan/fan.ts";
import type { Clock } from "./lib/clock.ts";
import { type Deadline, withDeadline } from "./lib/deadline.ts";
import { everyPeriod } from "./lib/periodic.ts";
import { createTurn } from "./lib/turn.ts";
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
   * guard would hold it for as long as the override lasts, and with `FAN_ABSENT`; the override is then as it was.
   */
  override(wish: Wish | undefined, signal: AbortSignal): Promise<void>;
  /** Settings have changed: what needs no reading, such as `fanMode`, takes effect now. */
  reconsider(): void;
  /** One fresh reading, for a person who asks; it is not kept. */
  read(signal: AbortSignal): Promise<Reading>;
  state(): ControlState;
  /** Writes down guard and override as they are now: their ages grow while nothing happens. */
  remember(): Promise<void>;
  /** Puts the fan in its safe state and remembers that it moved. */
  release(): Promise<void>;
}

const SENSOR_DEADLINE: Deadline = {
  after: 5000,
  code: "SENSOR_TIMEOUT",
  awaiting: "the sensor",
  remedy: "check the bus; cave-agent doctor does",
};
const FAN_DEADLINE: Deadline = {
  after: 10_000,
  code: "FAN_FAILED",
  awaiting: "the fan",
  remedy: "check the line; cave-agent doctor does",
};
/** A fan that is being commanded is not left half-way because the agent stops. */
const NEVER = new AbortController().signal;
const FAN_RETRY = 60_000;
const SHORTEST_PERIOD = 250;
const REMEMBER_DEADLINE = 1000;

const atTwoDecimals = (reading: Reading): Reading => ({
  ...reading,
  temperature: Math.round(reading.temperature * 100) / 100,
  humidity: Math.round(reading.humidity * 100) / 100,
});

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
  const turn = createTurn();
  let steering = options.initial;
  let last: Steering | undefined;
  /** The newest override that the fan was seen to obey, or that waits for the guard. */
  let standing = steering.controller.override;
  let response = INITIAL_RESPONSE;
  let reading: ControlState["reading"];
  /** The newest reading that is the cave's and not the warm sensor's. */
  let caveAir: Reading | undefined;
  let fault: string | undefined;
  let alerts: Alerts = { fan: false, temperature: false, humidity: false };
  let readAt = clock.monotonic();
  const schedule = createSchedule();
  let nextFanRetry = 0;

  const readSensor = async (signal: AbortSignal) =>
    atTwoDecimals(await withDeadline(sensor.read, SENSOR_DEADLINE, clock, signal));

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

  async function obey(next: Steering): Promise<void> {
    last = next;
    steering = next.state;
    if (next.on === undefined || fan.state() === (next.on ? "on" : "off")) return;
    if (fan.state() === "failed") {
      if (clock.monotonic() < nextFanRetry) return;
      // Counted from every try: a fan that obeys and fails again must not be switched at the pace of the readings.
      nextFanRetry = clock.monotonic() + FAN_RETRY;
    }
    await remember();
    try {
      await withDeadline(fan.set(next.on), FAN_DEADLINE, clock, NEVER);
    } catch (error) {
      nextFanRetry = clock.monotonic() + FAN_RETRY;
      options.onFanFault(error);
      throw error;
    }
  }

  const hasFan = () => fan.describe().driver !== "none";

  function decideOn(air: Reading | undefined, from: SteerState): Steering {
    const next = steer(from, air, settings(), limits, clock.monotonic());
    return hasFan() ? next : withoutFan(next, from);
  }

  function keep(air: Reading | undefined): void {
    const found = assess(caveAir, settings(), fan.state());
    alerts = { ...found, fan: found.fan || response.noEffectSince !== undefined };
    if (!air) return;
    const now = clock.monotonic();
    const due = schedule.due(now, settings().telemetryInterval * 1000, { alerts, fan: fan.state() });
    if (due === "no") return;
    const quality = last?.quality ?? "good";
    options.onSample({ ...air, sampledAt: clock.now(), monotonic: now, quality, alerts }, due === "urgent");
  }

  async function tick(signal: AbortSignal): Promise<void> {
    readAt = clock.monotonic();
    const air = await measure(signal);
    const next = decideOn(air, steering);
    // The fault was told; the loop goes on to the next reading.
    await obey(next).catch(() => undefined);
    const good = drivesControl(next.quality) ? air : undefined;
    response = respond(response, fan.state() === "on", good, settings(), options.response, clock.monotonic());
    keep(air);
    options.onTick(state());
  }

  async function override(wish: Wish | undefined, signal: AbortSignal): Promise<void> {
    if (wish && !hasFan()) throw fanAbsent(fan.describe().detail);
    const before = steering;
    const until = clock.monotonic() + (wish?.duration ?? 0);
    const wished: SteerState = {
      ...before,
      controller: { ...before.controller, override: wish && { on: wish.on, until } },
    };
    // A person's "on" must not wait for a sensor; "auto" needs a reading to decide on.
    const next = decideOn(wish ? undefined : await measure(signal), wished);
    if (wish && next.held && next.held.until >= until) throw heldTooLong(next.held, clock);
    nextFanRetry = 0;
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

  /** Outside of the turn: a fan that takes its time to start must not keep the loop from its readings. */
  async function overrideConfirmed(wish: Wish | undefined, signal: AbortSignal): Promise<void> {
    const mine = await turn(async () => {
      await override(wish, signal);
      return steering.controller.override;
    });
    try {
      if (wish && !last?.held) await fan.confirmed(signal);
      standing = mine;
    } catch (error) {
      await turn(async () => {
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
      fan: fan.state(),
      reason: last?.reason ?? "starting",
      overrideUntil: wish && toWall(wish.until),
      held: held && { ...held, until: toWall(held.until) },
      sensor: last?.stale ? "stale" : fault === undefined ? "ok" : "failed",
      fault,
      quality: last?.quality ?? "missing",
      noEffect: response.noEffectSince !== undefined,
      reading,
      alerts,
    };
  }

  async function release(): Promise<void> {
    const before = fan.state();
    try {
      await fan.release();
    } finally {
      const after = fan.state();
      if (after !== before) {
        const on = after === "failed" ? undefined : after === "on";
        steering = { ...steering, guard: switched(steering.guard, on, clock.monotonic()) };
        await remember();
      }
    }
  }

  // A sample that is due sooner than the next reading brings the reading forward, but not a sensor that just failed.
  function untilNext(): number {
    const { telemetryInterval } = settings();
    const sampleIn = fault === undefined ? schedule.next(telemetryInterval * 1000) - readAt : readEvery;
    return Math.max(SHORTEST_PERIOD, Math.min(readEvery, sampleIn));
  }

  return {
    run: (signal) => everyPeriod(untilNext, (each) => turn(() => tick(each)), clock, signal),
    override: overrideConfirmed,
    reconsider: () => void turn(() => obey(decideOn(undefined, steering))).catch(() => undefined),
    read: (signal) => turn(() => readSensor(signal)),
    state,
    remember,
    release,
  };
}
