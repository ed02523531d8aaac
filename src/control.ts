import { type Alerts, assess } from "./cave/alerts.ts";
import type { GuardState } from "./cave/guard.ts";
import { drivesControl, type Quality } from "./cave/quality.ts";
import { INITIAL_RESPONSE, type ResponseLimits, respond } from "./cave/response.ts";
import type { Sample } from "./cave/sample.ts";
import { createSchedule } from "./cave/schedule.ts";
import type { Settings } from "./cave/settings.ts";
import { type SteerLimits, type SteerState, wantedBy } from "./cave/steer.ts";
import { createAir } from "./control/air.ts";
import { createHelm } from "./control/helm.ts";
import { createOverrides, type Wish } from "./control/overrides.ts";
import { createQueue } from "./control/queue.ts";
import type { ControlState } from "./control/state.ts";
import type { AgentError } from "./errors.ts";
import { fanAbsent } from "./fan/absent.ts";
import type { Fan } from "./fan/fan.ts";
import { linkSignals, orAborted } from "./lib/abort.ts";
import type { Clock } from "./lib/clock.ts";
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
  onSensorFault: (error: AgentError) => void;
  onFanFault: (error: AgentError) => void;
}

/** The imperative shell around cave/: from sensor to fan, whether or not there is a cloud. */
export interface Control {
  /** Resolves once `signal` has aborted. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Resolves once the first reading was made, or has failed, the fan was taken, or given up for now, and that reading was
   * obeyed. Each of these has a deadline. Rejects as `signal` aborts.
   */
  begun(signal: AbortSignal): Promise<void>;
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

const FAN_PATIENCE = 1000;
const SHORTEST_PERIOD = 250;
/** A fan that takes its time takes seconds for each. */
const WAITING_OVERRIDES = 10;

export function createControl(options: ControlOptions): Control {
  const { sensor, fan, clock, readEvery, settings } = options;
  const air = createAir(sensor, clock, options.onSensorFault);
  const helm = createHelm({ ...options, isTaken: options.takeFan === undefined });
  /** Whatever works with the helm. Nothing in it waits for the sensor. */
  const queue = createQueue(WAITING_OVERRIDES);
  const override = createOverrides({
    helm,
    queue,
    fan,
    clock,
    measure: air.measure,
    state,
    onJudged(judged) {
      quality = judged;
    },
    onChange: options.onTick,
  });
  const schedule = createSchedule();
  /** Of the newest reading: a decision that takes none says nothing of it. */
  let quality: Quality = "missing";
  let response = INITIAL_RESPONSE;
  let alerts: Alerts = { fan: false, temperature: false, humidity: false };
  let tickedAt = clock.monotonic();
  /** What the last tick decided on. */
  let decidedOn: Reading | undefined;
  let taking: Promise<void> | undefined;
  let begin: () => void = () => undefined;
  const hasBegun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let isReconsidering = false;

  async function tick(signal: AbortSignal): Promise<void> {
    tickedAt = clock.monotonic();
    const measured = await air.measure(signal);
    const at = { sampledAt: clock.now(), monotonic: clock.monotonic() };
    await queue.first(async () => {
      await follow(measured);
      keep(measured, at);
      options.onTick(state());
      if (helm.isTaken()) begin();
    });
  }

  async function follow(measured: Reading | undefined): Promise<void> {
    decidedOn = measured;
    const next = helm.decide(measured);
    quality = next.quality;
    // The fault was told; the loop goes on to the next reading.
    await helm.obey(next).catch(() => undefined);
    const good = drivesControl(next.quality) ? measured : undefined;
    const isOn = helm.fan.state() === "on";
    response = respond(response, isOn, good, settings(), options.response, clock.monotonic());
  }

  function keep(measured: Reading | undefined, at: Pick<Measurement, "sampledAt" | "monotonic">): void {
    const notable = { fan: helm.fan.state() };
    const found = assess(air.ofCave(), settings(), notable.fan);
    alerts = { ...found, fan: found.fan || response.noEffectSince !== undefined };
    if (!measured) return;
    const interval = settings().telemetryInterval * 1000;
    const due = schedule.due(at.monotonic, interval, { ...notable, alerts });
    if (due === "no") return;
    options.onSample({ ...measured, ...at, quality, alerts }, due === "urgent");
  }

  // A sample that is due sooner than the next reading brings the reading forward, but not a sensor that just failed.
  function untilNext(): number {
    const { telemetryInterval } = settings();
    const isSound = air.fault() === undefined;
    const sampleIn = isSound ? schedule.next(telemetryInterval * 1000) - tickedAt : readEvery;
    return Math.max(SHORTEST_PERIOD, Math.min(readEvery, sampleIn));
  }

  /** Once, however many ask. */
  function fanTaken(): Promise<void> {
    taking ??= takeFan();
    return taking;
  }

  async function takeFan(): Promise<void> {
    const guard = await options.takeFan?.();
    await queue.first(async () => {
      if (!guard || helm.isReleased()) return;
      helm.take(guard);
      await helm.remember();
      // Nothing was decided yet: the first reading does it.
      if (!helm.last()) return;
      // Decided on again, now that the fan can follow.
      await helm.obey(helm.decide(decidedOn)).catch(() => undefined);
      options.onTick(state());
      begin();
    });
  }

  /** A fan that is taken soon follows the first reading; one that is not has the cave measured meanwhile. */
  async function waitForFan(signal: AbortSignal): Promise<void> {
    const patience = linkSignals(signal);
    await Promise.race([fanTaken(), clock.sleep(FAN_PATIENCE, patience.signal)]).catch(() => undefined);
    patience.abort();
    patience.release();
  }

  function state(): ControlState {
    const toWall = (monotonic: number) => clock.now() + (monotonic - clock.monotonic());
    const last = helm.last();
    const wish = helm.override();
    const fault = air.fault();
    return {
      fan: helm.fan.state(),
      fanFault: helm.fan.fault(),
      reason: last?.reason ?? "starting",
      wanted: last && wantedBy(last.command),
      overrideUntil: wish && toWall(wish.until),
      held: last?.held && { ...last.held, until: toWall(last.held.until) },
      sensor: last?.stale ? "stale" : fault === undefined ? "ok" : "failed",
      fault,
      quality,
      noEffect: response.noEffectSince !== undefined,
      reading: air.newest(),
      alerts,
    };
  }

  return {
    async run(signal) {
      if (!helm.isTaken()) await waitForFan(signal);
      await everyPeriod(untilNext, tick, clock, signal);
    },
    begun: (signal) => orAborted(hasBegun, signal),
    async override(wish, signal) {
      const { driver, detail } = fan.describe();
      if (wish && driver === "none") throw fanAbsent(detail);
      if (!helm.isTaken()) await orAborted(fanTaken(), signal);
      return override(wish, signal);
    },
    reconsider() {
      // Many at once are one: the newest settings count.
      if (isReconsidering) return;
      isReconsidering = true;
      void queue.first(async () => {
        isReconsidering = false;
        await helm.obey(helm.decide(undefined)).catch(() => undefined);
      });
    },
    read: air.read,
    state,
    async remember() {
      // What an earlier run has left says more than what is known before the fan is found.
      if (helm.isTaken()) await helm.remember();
    },
    release: () => queue.first(helm.release),
  };
}
