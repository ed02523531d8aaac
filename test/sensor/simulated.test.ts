import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide, initialState } from "#agent/cave/controller.js";
import { isAborted } from "#agent/errors.js";
import type { Reading } from "#agent/sensor/sensor.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { DEFAULTS } from "../cave/support.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const RUNNING = new AbortController().signal;

/** A reading a second for `seconds`, with the fan as `fanOn` says. */
async function run(seed: number, seconds: number, fanOn: () => boolean, speed = 60): Promise<Reading[]> {
  const clock = createFakeClock();
  const sensor = createSimulatedSensor({ seed, speed, clock, fanOn });
  const readings: Reading[] = [];
  for (let second = 0; second < seconds; second += 1) {
    readings.push(await sensor.read(RUNNING));
    await clock.advance(1000);
  }
  return readings;
}

function last(readings: Reading[]): Reading {
  const reading = readings.at(-1);
  assert.ok(reading);
  return reading;
}

function assertBetween(value: number, minimum: number, maximum: number): void {
  assert.ok(value >= minimum && value <= maximum, `${value} is not in ${minimum}…${maximum}`);
}

describe("the simulated sensor", () => {
  it("says in every reading and in its description that it is simulated", async () => {
    const sensor = createSimulatedSensor({ seed: 1, speed: 1, clock: createFakeClock(), fanOn: () => false });
    assert.equal((await sensor.read(RUNNING)).source, "simulated");
    assert.deepEqual(sensor.describe(), { source: "simulated" });
  });

  it("repeats itself with the same seed, and is another cave with another", async () => {
    const off = () => false;
    assert.deepEqual(await run(7, 50, off), await run(7, 50, off));
    const starts = await Promise.all([1, 2, 3, 4, 5].map(async (seed) => last(await run(seed, 1, off))));
    assert.equal(new Set(starts.map(({ temperature }) => temperature)).size, 5);
  });

  it("drifts to the rock's air with the fan off and to the supply air with it on", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const still = last(await run(seed, 400, () => false));
      assertBetween(still.temperature, 14.5, 17.5);
      assertBetween(still.humidity, 91, 100);
      const moved = last(await run(seed, 400, () => true));
      assertBetween(moved.temperature, 6.5, 9.5);
      assertBetween(moved.humidity, 68, 82);
    }
  });

  it("gives hundredths, and a humidity that saturates at 100", async () => {
    const humidities: number[] = [];
    for (const seed of Array.from({ length: 40 }, (_, index) => index)) {
      for (const { temperature, humidity } of await run(seed, 60, () => false, 600)) {
        assert.equal(temperature, Number(temperature.toFixed(2)));
        assert.equal(humidity, Number(humidity.toFixed(2)));
        humidities.push(humidity);
      }
    }
    assert.equal(Math.max(...humidities), 100);
  });

  it("is real time at speed 1: a minute changes a tenth, not a degree", async () => {
    const readings = await run(5, 60, () => true, 1);
    const change = Math.abs(last(readings).temperature - (readings[0]?.temperature ?? Number.NaN));
    assertBetween(change, 0.05, 0.6);
  });

  it("goes by the monotonic clock: a jump of the wall clock changes nothing", async () => {
    const clock = createFakeClock();
    const sensor = createSimulatedSensor({ seed: 1, speed: 60, clock, fanOn: () => true });
    const before = await sensor.read(RUNNING);
    clock.jumpWall(86_400_000);
    assert.ok(Math.abs((await sensor.read(RUNNING)).temperature - before.temperature) < 0.2);
  });

  it("stops with an AbortError", async () => {
    const sensor = createSimulatedSensor({ seed: 1, speed: 1, clock: createFakeClock(), fanOn: () => false });
    await assert.rejects(sensor.read(AbortSignal.abort()), isAborted);
  });
});

describe("a simulated cave under the controller", () => {
  it("shows at speed 60 a curve that bends every few seconds, and is kept near its targets", async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { readings, switches } = await control(seed, 300);
      assertBetween(switches, 8, 60);
      for (const { temperature, humidity } of readings.slice(60)) {
        assertBetween(temperature, 10.5, 13.5);
        assertBetween(humidity, 82, 97);
      }
    }
  });
});

async function control(seed: number, seconds: number): Promise<{ readings: Reading[]; switches: number }> {
  const limits = { staleAfter: 60_000, safeState: "off" } as const;
  let state = initialState(0);
  let second = 0;
  let isOn = false;
  let switches = 0;
  const clock = createFakeClock();
  const sensor = createSimulatedSensor({ seed, speed: 60, clock, fanOn: () => isOn });
  const readings: Reading[] = [];
  for (; second < seconds; second += 1) {
    const reading = await sensor.read(RUNNING);
    readings.push(reading);
    const decision = decide(state, reading, DEFAULTS, limits, clock.monotonic());
    state = decision.state;
    if (isOn !== (decision.command === "on")) switches += 1;
    isOn = decision.command === "on";
    await clock.advance(1000);
  }
  return { readings, switches };
}
