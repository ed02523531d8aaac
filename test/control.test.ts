import assert from "node:assert/strict";
import { test } from "node:test";
import { type GuardState, initialGuard } from "#agent/cave/guard.js";
import type { Settings } from "#agent/cave/settings.js";
import { initialSteering, type SteerLimits, type SteerState } from "#agent/cave/steer.js";
import type { ControlState } from "#agent/control/state.js";
import { createControl, type Measurement } from "#agent/control.js";
import { AgentError, isAborted, isAgentError, messageOf } from "#agent/errors.js";
import type { Fan } from "#agent/fan/fan.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import type { Reading, Sensor } from "#agent/sensor/sensor.js";
import { LOOSE_LIMITS as LIMITS, SETTINGS } from "./support/cave.js";
import { createFakeClock, type FakeClock } from "./support/fake-clock.js";

interface Air {
  temperature: number;
  humidity: number;
  fault?: string;
  heated?: true;
  reads: number;
}

/** A sensor at the byte edge: it gives the air that the test has made, or fails. */
function testSensor(air: Air): Sensor {
  return {
    async read(): Promise<Reading> {
      air.reads += 1;
      if (air.fault)
        throw new AgentError(air.fault, { code: "SENSOR_FAILED", retryable: true, remedy: "check it" });
      const { temperature, humidity, heated } = air;
      return { temperature, humidity, source: "sht31", ...(heated && { heated }) };
    },
    describe: () => ({ source: "sht31" }),
    close: async () => undefined,
  };
}

/** Stands between the loop and the fan or the sensor, to make them hang. */
interface Between {
  fan?: (fan: Fan) => Fan;
  sensor?: (sensor: Sensor) => Sensor;
  takeFan?: () => Promise<GuardState>;
}

function build(change: Partial<Settings> = {}, limits: SteerLimits = LIMITS, between: Between = {}) {
  const clock = createFakeClock();
  const air: Air = { temperature: 12, humidity: 90, reads: 0 };
  const fan = createSimulatedFan({ safeState: "off" });
  const settings: Settings = { ...SETTINGS, ...change };
  const samples: { sample: Measurement; urgent: boolean }[] = [];
  const changes: ControlState[] = [];
  const states: { at: number; state: ControlState }[] = [];
  const faults: string[] = [];
  const remembered: SteerState[] = [];
  const control = createControl({
    sensor: between.sensor?.(testSensor(air)) ?? testSensor(air),
    fan: between.fan?.(fan) ?? fan,
    clock,
    ...(between.takeFan && { takeFan: between.takeFan }),
    readEvery: 5000,
    limits,
    response: { responseAfter: 1_800_000, temperatureDrop: 0.3, humidityDrop: 1 },
    settings: () => settings,
    initial: initialSteering(initialGuard(false, clock.monotonic() - 3_600_000), clock.monotonic()),
    remember: async (state) => void remembered.push(state),
    onSample: (sample, urgent) => samples.push({ sample, urgent }),
    onTick: (state) => {
      states.push({ at: clock.monotonic(), state });
      const { fan: now, reason } = changes.at(-1) ?? {};
      if (now !== state.fan || reason !== state.reason) changes.push(state);
    },
    onSensorFault: (error) => faults.push(`sensor: ${error}`),
    onFanFault: (error) => faults.push(`fan: ${error}`),
  });
  const stop = new AbortController();
  const ended = control.run(stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  return {
    clock,
    air,
    states,
    fan,
    settings,
    samples,
    changes,
    faults,
    remembered,
    control,
    end,
    signal: stop.signal,
  };
}

test("one sample at once, then one every telemetry interval, however often the sensor is read", async () => {
  const { clock, samples, end } = build({ telemetryInterval: 12 });
  await clock.advance(36_500);
  await end();
  assert.deepEqual(
    samples.map(({ sample }) => sample.sampledAt - clock.now() + clock.monotonic()),
    [0, 12_000, 24_000, 36_000],
  );
});

test("warm air switches the fan on, cool air off again, and each change is told once", async () => {
  const { clock, air, fan, changes, end } = build();
  await clock.advance(1000);
  air.temperature = 14;
  await clock.advance(20_000);
  assert.equal(fan.state(), "on");
  air.temperature = 11.9;
  await clock.advance(20_000);
  await end();
  assert.equal(fan.state(), "off");
  assert.deepEqual(
    changes.map(({ fan, reason }) => `${fan} ${reason}`),
    ["off in-band", "on too-warm", "off in-band"],
  );
});

test("a sensor that is warm of its heater moves no fan and raises no alert, and its samples are marked", async () => {
  const { clock, air, fan, samples, control, end } = build({ telemetryInterval: 5 });
  await clock.advance(11_000);
  air.temperature = 15;
  air.humidity = 70;
  air.heated = true;
  await clock.advance(30_000);
  assert.equal(fan.state(), "off");
  assert.deepEqual(control.state().alerts, { fan: false, temperature: false, humidity: false });
  assert.deepEqual([control.state().quality, control.state().sensor], ["heated", "ok"]);
  assert.equal(samples.at(-1)?.sample.quality, "heated");
  assert.equal(samples.at(-1)?.sample.temperature, 15);
  air.temperature = 12;
  air.humidity = 90;
  delete air.heated;
  await clock.advance(5000);
  assert.equal(samples.at(-1)?.sample.quality, "good");
  air.heated = true;
  await clock.advance(66_000);
  assert.equal(control.state().sensor, "stale");
  await end();
});

test("an alert that comes or goes makes an urgent sample at once", async () => {
  const { clock, air, samples, end } = build({ telemetryInterval: 3600 });
  await clock.advance(1000);
  air.temperature = 14;
  await clock.advance(5000);
  air.temperature = 12;
  await clock.advance(15_000);
  await end();
  assert.deepEqual(
    samples.map(({ sample, urgent }) => [sample.alerts.temperature, urgent]),
    [
      [false, false],
      [true, true],
      [false, true],
    ],
  );
});

test("what is remembered is written before the fan moves", async () => {
  const { clock, air, fan, remembered, end } = build();
  await clock.advance(1000);
  const before = remembered.length;
  air.temperature = 14;
  await clock.advance(5000);
  await end();
  assert.equal(fan.state(), "on");
  assert.equal(remembered.length, before + 1);
  assert.equal(remembered.at(-1)?.guard.on, true);
});

test("the guard holds a person's wish too, says until when, and the fan then follows", async () => {
  const guard = { minimumOn: 0, minimumOff: 20_000, switchesPerHour: 60 };
  const { clock, fan, control, end, signal } = build({}, { ...LIMITS, guard });
  await clock.advance(1000);
  await control.override({ on: true, duration: 3_600_000 }, signal);
  await control.override({ on: false, duration: 3_600_000 }, signal);
  await control.override({ on: true, duration: 3_600_000 }, signal);
  assert.equal(fan.state(), "off");
  assert.deepEqual(control.state().held, { until: clock.now() + 20_000, cause: "minimum-off" });
  assert.equal(control.state().wanted, true);
  await assert.rejects(
    control.override({ on: true, duration: 5000 }, signal),
    /must stay as it is until .*minimum-off/,
  );
  await clock.advance(25_000);
  assert.equal(fan.state(), "on");
  await end();
});

test("a value that jumps is not followed until it is confirmed", async () => {
  const quality = { ...LIMITS.quality, temperature: { minimum: -20, maximum: 50, perSecond: 0.1 } };
  const { clock, air, fan, samples, control, end } = build({ telemetryInterval: 5 }, { ...LIMITS, quality });
  await clock.advance(1000);
  air.temperature = 40;
  await clock.advance(5000);
  assert.equal(fan.state(), "off");
  assert.equal(samples.at(-1)?.sample.quality, "jump");
  await clock.advance(15_000);
  assert.equal(control.state().quality, "good");
  assert.equal(fan.state(), "on");
  await end();
});

test("without a valid reading for longer than staleAfter the fan goes to its safe state, and no sample is made up", async () => {
  const { clock, air, fan, samples, faults, control, end } = build();
  air.temperature = 14;
  await clock.advance(6000);
  assert.equal(fan.state(), "on");
  const before = samples.length;
  air.fault = "NACK";
  await clock.advance(50_000);
  assert.equal(fan.state(), "on");
  assert.equal(control.state().sensor, "failed");
  await clock.advance(20_000);
  await end();
  assert.equal(fan.state(), "off");
  assert.equal(control.state().reason, "stale-sample");
  assert.equal(control.state().sensor, "stale");
  assert.equal(samples.length, before);
  assert.equal(faults.length, 1, "a lasting fault is told once");
  assert.equal(control.state().fault?.code, "SENSOR_FAILED");
});

test("a sensor that fails is read no more often than one that works", async () => {
  const { clock, air, end } = build({ telemetryInterval: 1 });
  air.fault = "NACK";
  await clock.advance(60_000);
  await end();
  assert.ok(air.reads <= 13, `${air.reads} reads in a minute`);
});

test("air at the edge of its band neither floods the hub nor puts off the regular samples", async () => {
  const { clock, air, samples, end } = build({ telemetryInterval: 30 });
  for (let second = 0; second < 120; second += 5) {
    air.temperature = second % 10 === 0 ? 13.02 : 12.98;
    await clock.advance(5000);
  }
  await end();
  assert.ok(samples.length <= 4 + 12, `${samples.length} samples`);
  const start = clock.now() - clock.monotonic();
  const times = samples.map(({ sample }) => sample.sampledAt - start);
  for (const beat of [0, 30_000, 60_000, 90_000]) assert.ok(times.includes(beat), `${beat} in ${times}`);
});

test("a shorter interval takes effect at the next reading", async () => {
  const { clock, samples, settings, end } = build({ telemetryInterval: 3600 });
  await clock.advance(10_000);
  settings.telemetryInterval = 5;
  await clock.advance(20_000);
  await end();
  assert.ok(samples.length >= 4, `${samples.length} samples`);
});

test("a fan that failed while the sensor was silent is told as soon as there is a sample", async () => {
  const { clock, air, fan, samples, end } = build({ telemetryInterval: 600 });
  await clock.advance(1000);
  air.fault = "NACK";
  fan.breakDown();
  await fan.set(true).catch(() => undefined);
  await clock.advance(20_000);
  air.fault = "";
  await clock.advance(10_000);
  await end();
  assert.deepEqual([samples.at(-1)?.sample.alerts.fan, samples.at(-1)?.urgent], [true, true]);
});

test("an override works at once, also without a sensor, and ends by itself", async () => {
  const { clock, air, fan, control, end, signal } = build();
  await clock.advance(1000);
  air.fault = "NACK";
  await control.override({ on: true, duration: 30_000 }, signal);
  assert.equal(fan.state(), "on");
  assert.equal(control.state().overrideUntil, clock.now() + 30_000);
  air.fault = "";
  await clock.advance(36_000);
  assert.equal(fan.state(), "off");
  assert.equal(control.state().overrideUntil, undefined);
  await end();
});

test("auto ends an override at once", async () => {
  const { clock, fan, control, end, signal } = build();
  await clock.advance(1000);
  await control.override({ on: true, duration: 30_000 }, signal);
  await control.override(undefined, signal);
  assert.equal(fan.state(), "off");
  assert.equal(control.state().reason, "in-band");
  await end();
});

test("a fan that does not obey rejects the override, leaves none behind, and raises the fan alert", async () => {
  const { clock, fan, samples, control, end, signal } = build();
  await clock.advance(1000);
  fan.breakDown();
  await assert.rejects(
    control.override({ on: true, duration: 30_000 }, signal),
    (error) => isAgentError(error) && error.code === "FAN_FAILED",
  );
  assert.equal(control.state().overrideUntil, undefined);
  await clock.advance(5000);
  assert.equal(samples.at(-1)?.sample.alerts.fan, true);
  fan.repair();
  await clock.advance(65_000);
  await end();
  assert.equal(fan.state(), "off", "it is tried again, with care");
});

test("an override and new settings leave the quality as the newest reading has it", async () => {
  const quality = { ...LIMITS.quality, stuckAfter: 20_000, staleAfter: 3_600_000 };
  const { clock, control, signal, end } = build({}, { ...LIMITS, quality });
  await clock.advance(60_000);
  assert.equal(control.state().quality, "stuck");
  await control.override({ on: true, duration: 600_000 }, signal);
  assert.equal(control.state().quality, "stuck");
  control.reconsider();
  await clock.advance(1);
  assert.equal(control.state().quality, "stuck");
  await end();
});

test("with a hanging sensor and a hundred callers the loop ticks on, and the safe state comes when it is due", async () => {
  let isHanging = false;
  let reads = 0;
  const sensor = (real: Sensor): Sensor => ({
    ...real,
    read(signal) {
      reads += 1;
      return isHanging ? new Promise(() => undefined) : real.read(signal);
    },
  });
  const { clock, air, fan, states, control, signal, end } = build({}, LIMITS, { sensor });
  air.temperature = 14;
  await clock.advance(20_001);
  assert.equal(fan.state(), "on");
  isHanging = true;
  const before = { ticks: states.length, reads };
  const calls = Array.from({ length: 100 }, () => assert.rejects(control.read(signal), /the sensor/));
  await clock.advance(5000);
  await Promise.all(calls);
  assert.ok(reads - before.reads <= 2, `${reads - before.reads} reads`);
  await clock.advance(60_000);
  assert.equal(control.state().reason, "stale-sample");
  assert.equal(fan.state(), "off");
  assert.ok(states.length - before.ticks >= 6, `${states.length - before.ticks} ticks in 65 s`);
  await end();
});

test("a person's on does not wait for the reading that is under way", async () => {
  const sensor = (real: Sensor): Sensor => ({ ...real, read: () => new Promise(() => undefined) });
  const { clock, fan, control, signal, end } = build({}, LIMITS, { sensor });
  await control.override({ on: true, duration: 60_000 }, signal);
  assert.deepEqual([fan.state(), clock.monotonic()], ["on", 0]);
  await end();
});

test("a reading that several ask for counts once: a jump is not confirmed by asking often", async () => {
  const temperature = { minimum: -20, maximum: 50, perSecond: 0.1 };
  const { clock, air, control, signal, end } = build(
    {},
    { ...LIMITS, quality: { ...LIMITS.quality, temperature } },
  );
  await clock.advance(1000);
  air.temperature = 40;
  await clock.advance(3000);
  await Promise.all([0, 1, 2, 3, 4].map(() => control.override(undefined, signal)));
  assert.equal(control.state().quality, "jump");
  await end();
});

test("commands that a slow fan keeps waiting are bounded, and a tick goes before them", async () => {
  const fan = (real: Fan): Fan => ({
    ...real,
    async set(on) {
      await clock.sleep(4000);
      await real.set(on);
    },
  });
  const { clock, samples, control, signal, end } = build({ telemetryInterval: 5 }, LIMITS, { fan });
  await clock.advance(4000);
  const outcomes = Array.from({ length: 50 }, (_, index) =>
    control.override({ on: index % 2 === 0, duration: 3_600_000 }, signal).then(
      () => "done",
      (error: unknown) => (isAgentError(error) ? error.code : String(error)),
    ),
  );
  await clock.advance(8500);
  assert.deepEqual(
    samples.map(({ sample }) => sample.monotonic),
    [0, 5000, 10_000],
  );
  await clock.advance(120_000);
  const codes = await Promise.all(outcomes);
  const refused = codes.filter((code) => code === "CONTROL_BUSY").length;
  assert.ok(refused >= 30 && refused < 50, `${refused} refused`);
  assert.equal(codes.filter((code) => code === "done").length, 50 - refused);
  await end();
});

test("a fan that hangs is failed and alerted, is commanded once, and the loop goes on", async () => {
  let commands = 0;
  const fan = (real: Fan): Fan => ({
    ...real,
    set() {
      commands += 1;
      return new Promise(() => undefined);
    },
  });
  const { clock, air, faults, samples, control, signal, end } = build({}, LIMITS, { fan });
  air.temperature = 14;
  await clock.advance(600_000);
  const { fan: state, alerts } = control.state();
  assert.deepEqual([state, alerts.fan, samples.at(-1)?.sample.alerts.fan], ["failed", true, true]);
  assert.deepEqual([commands, faults.length], [1, 1]);
  assert.match(control.state().fanFault?.message ?? "", /no answer within 10 s/);
  assert.ok(samples.length >= 19, `${samples.length} samples in ten minutes`);
  await assert.rejects(
    control.override({ on: false, duration: 60_000 }, signal),
    (error) => isAgentError(error) && error.code === "FAN_FAILED",
  );
  assert.equal(commands, 1);
  await end();
});

/** Tells when the fan is commanded and released. A command takes 4 s. */
function toldFan() {
  const told: string[] = [];
  let sleep: (milliseconds: number) => Promise<void> = async () => undefined;
  const fan = (real: Fan): Fan => ({
    ...real,
    async set(on) {
      told.push(`set ${on}`);
      await sleep(4000);
      await real.set(on);
      told.push("obeyed");
    },
    async release() {
      told.push("release");
      await real.release();
    },
  });
  return {
    told,
    fan,
    slowBy(clock: Pick<FakeClock, "sleep">) {
      sleep = (milliseconds) => clock.sleep(milliseconds);
    },
  };
}

test("after its release the fan is commanded by nothing and nobody", async () => {
  const { told, fan } = toldFan();
  const { clock, air, remembered, settings, control, signal, end } = build({}, LIMITS, { fan });
  air.temperature = 14;
  await clock.advance(6000);
  await end();
  await control.release();
  assert.deepEqual(told, ["set true", "obeyed", "release"]);
  const last = remembered.at(-1);
  assert.equal(last?.guard.on, false);
  settings.fanMode = "on";
  control.reconsider();
  await assert.rejects(
    control.override({ on: true, duration: 60_000 }, new AbortController().signal),
    /released/,
  );
  await assert.rejects(control.override(undefined, signal), isAborted);
  await clock.advance(120_000);
  assert.equal(told.length, 3);
  await control.remember();
  assert.deepEqual(remembered.at(-1)?.guard, last?.guard);
});

test("the release lets a command that is under way end, and goes before those that wait", async () => {
  const { told, fan, slowBy } = toldFan();
  const { clock, control, signal, end } = build({}, LIMITS, { fan });
  slowBy(clock);
  await clock.advance(1000);
  const overrides = [true, false, true].map((on) =>
    control.override({ on, duration: 60_000 }, signal).then(
      ({ fan: state }) => state,
      (error: unknown) => messageOf(error),
    ),
  );
  const released = control.release();
  await clock.advance(20_000);
  await released;
  assert.deepEqual(told, ["set true", "obeyed", "release"]);
  const [first, ...others] = await Promise.all(overrides);
  assert.equal(first, "on");
  for (const other of others) assert.match(String(other), /released/);
  await end();
});

test("a release without an end is given up after 10 s, and what is known is remembered", async () => {
  const fan = (real: Fan): Fan => ({ ...real, release: () => new Promise(() => undefined) });
  const { clock, control, end } = build({}, LIMITS, { fan });
  await clock.advance(1000);
  await end();
  const refused = assert.rejects(control.release(), /no answer within 10 s/);
  await clock.advance(10_000);
  await refused;
});

test("a fan that takes its time to be taken over is left alone, and the cave is measured meanwhile", async () => {
  let found: (guard: GuardState) => void = () => undefined;
  const taken = new Promise<GuardState>((resolve) => {
    found = resolve;
  });
  const { told, fan } = toldFan();
  const {
    clock,
    air,
    fan: real,
    samples,
    remembered,
    control,
    signal,
    end,
  } = build({ telemetryInterval: 5 }, LIMITS, {
    fan,
    takeFan: () => taken,
  });
  air.temperature = 14;
  const override = control.override({ on: false, duration: 7000 }, signal);
  await clock.advance(9000);
  assert.deepEqual(
    samples.map(({ sample }) => sample.monotonic),
    [1000, 6000],
  );
  await control.remember();
  assert.deepEqual([told, remembered, control.state().reason], [[], [], "starting"]);
  found(initialGuard(false, clock.monotonic()));
  await clock.advance(1);
  await override;
  assert.deepEqual(
    told,
    ["set true", "obeyed", "set false", "obeyed"],
    "first the air, then the person that waited",
  );
  assert.equal(remembered[0]?.guard.on, false);
  await clock.advance(8000);
  assert.equal(real.state(), "on");
  await end();
});

test("a fan that is taken over soon follows the first reading", async () => {
  const guard = initialGuard(false, 0);
  const { clock, air, fan, control, end } = build({}, LIMITS, { takeFan: async () => guard });
  air.temperature = 14;
  await clock.advance(1);
  assert.deepEqual([fan.state(), control.state().reason], ["on", "too-warm"]);
  await end();
});

for (const last of ["fan", "reading"] as const) {
  test(`it has begun once fan and first reading are there, also if the ${last} comes last`, async () => {
    const arrive: Record<"fan" | "reading", () => void> = { fan: () => undefined, reading: () => undefined };
    const arrives = (what: "fan" | "reading") =>
      new Promise<void>((resolve) => {
        arrive[what] = resolve;
      });
    const [fanComes, readingComes] = [arrives("fan"), arrives("reading")];
    const { clock, air, fan, control, signal, end } = build({}, LIMITS, {
      takeFan: async () => {
        await fanComes;
        return initialGuard(false, 0);
      },
      sensor: (sensor) => ({ ...sensor, read: (asked) => readingComes.then(() => sensor.read(asked)) }),
    });
    air.temperature = 14;
    let found: string | undefined;
    void control.begun(signal).then(() => {
      found = fan.state();
    });
    await clock.advance(2000);
    arrive[last === "fan" ? "reading" : "fan"]();
    await clock.advance(100);
    assert.equal(found, undefined);
    arrive[last]();
    await clock.advance(1);
    assert.equal(found, "on", "the reading was obeyed");
    await end();
  });
}

test("it has begun without a reading too, and whoever waits for that may leave", async () => {
  const { air, clock, control, end } = build();
  air.fault = "no answer";
  const leaving = new AbortController();
  const left = assert.rejects(control.begun(leaving.signal), { name: "AbortError" });
  leaving.abort();
  await left;
  await clock.advance(1);
  await control.begun(new AbortController().signal);
  await end();
});

test("a fan that was never taken over is released all the same, and taken no more", async () => {
  let found: (guard: GuardState) => void = () => undefined;
  const taken = new Promise<GuardState>((resolve) => {
    found = resolve;
  });
  const { told, fan } = toldFan();
  const { clock, air, remembered, control, end } = build({}, LIMITS, { fan, takeFan: () => taken });
  air.temperature = 14;
  await clock.advance(6000);
  await end();
  await control.release();
  found(initialGuard(false, clock.monotonic()));
  await clock.advance(60_000);
  assert.deepEqual([told, remembered], [["release"], []]);
});

test("before a command is given again the switch is written down as of now", async () => {
  const { clock, air, fan, remembered, end } = build();
  fan.breakDown();
  air.temperature = 14;
  await clock.advance(70_000);
  const [first, again] = remembered.map(({ guard }) => guard);
  assert.ok(first && again);
  assert.ok(again.since - first.since >= 60_000, `${again.since - first.since} ms later`);
  assert.equal(again.switches.length, first.switches.length);
  await end();
});
