import { type Alerts, assess } from "./cave/alerts.ts";
import {
  type ControllerState,
  type Decision,
  decide,
  type FanReason,
  initialState,
} from "./cave/controller.ts";
import type { Sample } from "./cave/sample.ts";
import type { Settings } from "./cave/settings.ts";
import { isAborted, messageOf } from "./errors.ts";
import type { Fan, SafeState } from "./fan/fan.ts";
import type { Clock } from "./lib/clock.ts";
import { everyPeriod } from "./lib/periodic.ts";
import { createTurn } from "./lib/turn.ts";
import type { Reading, Sensor } from "./sensor/sensor.ts";

/** What the loop works with. Durations in milliseconds. */
export interface ControlOptions {
  sensor: Sensor;
  fan: Fan;
  clock: Clock;
  readEvery: number;
  staleAfter: number;
  safeState: SafeState;
  settings: () => Settings;
  /** A sample to be kept; `urgent` when an alert has come or gone. Must not throw. */
  onSample: (sample: Sample, urgent: boolean) => void;
  /** The fan's state or reason, or the sensor's state, is another than before. */
  onChange: (state: ControlState) => void;
  onSensorFault: (error: unknown) => void;
  onFanFault: (error: unknown) => void;
}

/** What the loop knows at a moment. */
export interface ControlState {
  fan: ReturnType<Fan["state"]>;
  reason: FanReason;
  /** Wall clock at which the override ends; undefined without one. */
  overrideUntil: number | undefined;
  sensor: "ok" | "failed" | "stale";
  fault: string | undefined;
  reading: (Reading & { readAt: number }) | undefined;
  alerts: Alerts;
}

/** The imperative shell around cave/: from sensor to fan, whether or not there is a cloud. */
export interface Control {
  /** Resolves once `signal` has aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Sets or, with undefined, ends an override; resolves once the fan has obeyed, rejects (`FAN_FAILED`) if not. */
  override(wish: { on: boolean; duration: number } | undefined, signal: AbortSignal): Promise<void>;
  /** One fresh reading, for a person who asks; it is not kept. */
  read(signal: AbortSignal): Promise<Reading>;
  state(): ControlState;
}

const READ_DEADLINE = 5000;
const FAN_RETRY = 60_000;

const atTwoDecimals = (reading: Reading): Reading => ({
  ...reading,
  temperature: Math.round(reading.temperature * 100) / 100,
  humidity: Math.round(reading.humidity * 100) / 100,
});

export function createControl(options: ControlOptions): Control {
  const { sensor, fan, clock, readEvery, staleAfter, safeState, settings } = options;
  const turn = createTurn();
  let controller: ControllerState = initialState(clock.monotonic());
  let reason: FanReason = "starting";
  let reading: ControlState["reading"];
  let fault: string | undefined;
  let alerts: Alerts = { fan: false, temperature: false, humidity: false };
  let nextSample = clock.monotonic();
  let nextFanRetry = 0;
  let known = "";

  async function measure(signal: AbortSignal): Promise<Reading | undefined> {
    try {
      const measured = atTwoDecimals(
        await sensor.read(AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE)])),
      );
      reading = { ...measured, readAt: clock.now() };
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

  async function obey(decision: Decision): Promise<void> {
    controller = decision.state;
    reason = decision.reason;
    const on = decision.command === "on";
    if (decision.command === "hold" || fan.state() === decision.command) return;
    if (fan.state() === "failed" && clock.monotonic() < nextFanRetry) return;
    try {
      await fan.set(on);
    } catch (error) {
      nextFanRetry = clock.monotonic() + FAN_RETRY;
      options.onFanFault(error);
      throw error;
    }
  }

  function decideOn(air: Reading | undefined, from: ControllerState): Decision {
    return decide(from, air, settings(), { staleAfter, safeState }, clock.monotonic());
  }

  function keep(air: Reading | undefined): void {
    const before = alerts;
    alerts = assess(air ?? reading, settings(), fan.state());
    const urgent = JSON.stringify(alerts) !== JSON.stringify(before);
    const now = clock.monotonic();
    if (!air || (now < nextSample && !urgent)) return;
    nextSample = Math.max(nextSample + settings().telemetryInterval * 1000, now);
    options.onSample({ ...air, sampledAt: clock.now(), alerts }, urgent);
  }

  function notify(): void {
    const current = state();
    const summary = `${current.fan} ${current.reason} ${current.sensor}`;
    if (summary === known) return;
    known = summary;
    options.onChange(current);
  }

  async function tick(signal: AbortSignal): Promise<void> {
    const air = await measure(signal);
    // The fault was told; the loop goes on to the next reading.
    await obey(decideOn(air, controller)).catch(() => undefined);
    keep(air);
    notify();
  }

  async function override(
    wish: { on: boolean; duration: number } | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const before = controller;
    controller = { ...before, override: wish && { on: wish.on, until: clock.monotonic() + wish.duration } };
    nextFanRetry = 0;
    try {
      // A person's "on" must not wait for a sensor; "auto" needs a reading to decide on.
      await obey(decideOn(wish ? undefined : await measure(signal), controller));
    } catch (error) {
      controller = { ...controller, override: before.override };
      throw error;
    } finally {
      notify();
    }
  }

  function sensorState(): ControlState["sensor"] {
    const validAt = controller.validAt ?? controller.startedAt;
    if (clock.monotonic() - validAt > staleAfter) return "stale";
    return fault === undefined ? "ok" : "failed";
  }

  function state(): ControlState {
    const { override: wish } = controller;
    return {
      fan: fan.state(),
      reason,
      overrideUntil: wish && clock.now() + (wish.until - clock.monotonic()),
      sensor: sensorState(),
      fault,
      reading,
      alerts,
    };
  }

  const untilNext = () => Math.max(1, Math.min(readEvery, nextSample - clock.monotonic()));

  return {
    run: (signal) => everyPeriod(untilNext, (each) => turn(() => tick(each)), clock, signal),
    override: (wish, signal) => turn(() => override(wish, signal)),
    read: (signal) => turn(async () => atTwoDecimals(await sensor.read(signal))),
    state,
  };
}
