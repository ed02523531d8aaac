import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "#agent/cave/sample.js";
import type { Settings } from "#agent/cave/settings.js";
import { type ControlState, createControl } from "#agent/control.js";
import { AgentError, isAgentError } from "#agent/errors.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import type { Reading, Sensor } from "#agent/sensor/sensor.js";
import { createFakeClock } from "./support/fake-clock.js";

/** A sensor at the byte edge: it gives the air that the test has made, or fails. */
function testSensor(air: { temperature: number; humidity: number; fault?: string }): Sensor {
  return {
    async read(): Promise<Reading> {
      if (air.fault)
        throw new AgentError(air.fault, { code: "SENSOR_FAILED", retryable: true, remedy: "check it" });
      return { temperature: air.temperature, humidity: air.humidity, source: "sht31" };
    },
    describe: () => ({ source: "sht31" }),
    close: async () => undefined,
  };
}

function build(change: Partial<Settings> = {}) {
  const clock = createFakeClock();
  const air: { temperature: number; humidity: number; fault?: string } = { temperature: 12, humidity: 90 };
  const fan = createSimulatedFan({ safeState: "off" });
  const settings: Settings = {
    targetTemperature: 12,
    targetHumidity: 90,
    temperatureBand: 1,
    humidityBand: 5,
    telemetryInterval: 30,
    fanMode: "auto",
    ...change,
  };
  const samples: { sample: Sample; urgent: boolean }[] = [];
  const changes: ControlState[] = [];
  const faults: string[] = [];
  const control = createControl({
    sensor: testSensor(air),
    fan,
    clock,
    readEvery: 5000,
    staleAfter: 60_000,
    safeState: "off",
    settings: () => settings,
    onSample: (sample, urgent) => samples.push({ sample, urgent }),
    onChange: (state) => changes.push(state),
    onSensorFault: (error) => faults.push(`sensor: ${error}`),
    onFanFault: (error) => faults.push(`fan: ${error}`),
  });
  const stop = new AbortController();
  const ended = control.run(stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { clock, air, fan, settings, samples, changes, faults, control, end, signal: stop.signal };
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

test("an alert that comes or goes makes an urgent sample at once", async () => {
  const { clock, air, samples, end } = build({ telemetryInterval: 3600 });
  await clock.advance(1000);
  air.temperature = 14;
  await clock.advance(5000);
  air.temperature = 12;
  await clock.advance(5000);
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

test("without a valid reading for longer than staleAfter the fan goes to its safe state, and no sample is made up", async () => {
  const { clock, air, fan, samples, faults, control, end } = build();
  air.temperature = 14;
  await clock.advance(1000);
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
