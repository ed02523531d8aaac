import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sensor } from "#agent/sensor/sensor.js";
import { LOOSE_LIMITS as LIMITS } from "../support/cave.ts";
import { build } from "./cave.ts";

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
