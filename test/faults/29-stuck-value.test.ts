import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { loadConfig } from "#agent/config.js";
import type { ControlState } from "#agent/control/state.js";
import { createControl, type Measurement } from "#agent/control.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import { toTelemetry } from "#agent/hub/telemetry.js";
import { responseLimits, steerLimits } from "#agent/limits.js";
import type { Reading, Sensor } from "#agent/sensor/sensor.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { ROOT } from "../support/rig.ts";

const MINUTE = 60_000;
const REQUIRED = {
  CAVE_DEVICE_CERTIFICATE_FILE: "leaf.pem",
  CAVE_DEVICE_KEY_FILE: "leaf.key",
  CAVE_PROVISIONING_ID_SCOPE: "0ne00000000",
};

describe("fault 29: a sensor that gives the same value for an hour", () => {
  it("is called stuck after an hour, drives the fan no more, and is believed when it moves again", async () => {
    const cave = startCave();
    const { clock, sensor, fan, samples, states } = cave;
    await clock.advance(10 * MINUTE);
    assert.ok(samples.every(({ quality }) => quality === "good"));

    sensor.freezeAt({ temperature: 14, humidity: 90, source: "simulated" });
    await clock.advance(59 * MINUTE);
    assert.deepEqual([states.at(-1)?.quality, fan.state()], ["good", "on"]);
    await clock.advance(2 * MINUTE);
    assert.equal(states.at(-1)?.quality, "stuck");
    const marked = samples.at(-1);
    assert.ok(marked);
    const now = { run: "this", wall: clock.now(), monotonic: clock.monotonic() };
    const entry = { sequence: 1, urgent: false, payload: { ...marked, run: "this" } };
    assert.equal(toTelemetry("cave-01", entry, now).properties.quality, "stuck");
    await clock.advance(2 * MINUTE);
    assert.deepEqual([states.at(-1)?.sensor, states.at(-1)?.reason], ["stale", "stale-sample"]);
    assert.equal(fan.state(), "off", "its safe state");

    sensor.thaw();
    await clock.advance(5 * MINUTE);
    assert.deepEqual([states.at(-1)?.quality, states.at(-1)?.sensor], ["good", "ok"]);
    await cave.end();
  });
});

/** The loop of the agent with the defaults that it ships with, in a simulated cave whose sensor can be frozen. */
function startCave() {
  const config = loadConfig(`${ROOT}config/default.toml`, REQUIRED);
  const clock = createFakeClock();
  const fan = createSimulatedFan({ safeState: config.fan.safeState });
  const sensor = createFreezer(clock, () => fan.state() === "on");
  const samples: Measurement[] = [];
  const states: ControlState[] = [];
  const control = createControl({
    sensor,
    fan,
    clock,
    readEvery: config.sensor.readEvery,
    limits: steerLimits(config),
    response: responseLimits(config),
    settings: () => config.cave,
    initial: initialSteering(initialGuard(false, clock.monotonic()), clock.monotonic()),
    remember: async () => undefined,
    onSample: (sample) => samples.push(sample),
    onTick: (state) => states.push(state),
    onSensorFault: () => undefined,
    onFanFault: () => undefined,
  });
  const stop = new AbortController();
  const ended = control.run(stop.signal);
  const end = () => {
    stop.abort();
    return ended;
  };
  return { clock, sensor, fan, samples, states, end };
}

/** Between the simulated sensor and the agent, where the bytes of a real one would come from. */
function createFreezer(clock: FakeClock, fanOn: () => boolean) {
  const alive = createSimulatedSensor({ seed: 7, speed: 1, clock, fanOn });
  let frozen: Reading | undefined;
  const sensor: Sensor = { ...alive, read: async (signal) => frozen ?? alive.read(signal) };
  return {
    ...sensor,
    freezeAt(reading: Reading) {
      frozen = reading;
    },
    thaw() {
      frozen = undefined;
    },
  };
}
