import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Reading } from "#agent/sensor/sensor.js";
import { INTERVAL, type Rig, setUp } from "./support.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Reads at the interval for so long; resolves to all readings. */
async function readFor({ read }: Rig, time: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let left = time; left > 0; left -= INTERVAL) readings.push(await read());
  return readings;
}

function switches({ chip }: Rig): string[] {
  return chip.told().flatMap(({ bytes }) => (bytes === "306d" ? ["on"] : bytes === "3066" ? ["off"] : []));
}

function setUpDamp(humidity = 99.5): Rig {
  const rig = setUp({ heaterPulses: true });
  rig.air.humidity = humidity;
  return rig;
}

describe("the heater of an SHT31", () => {
  it("gives a sensor that was wet for an hour 10 s of heat, and the readings are marked until it has cooled", async () => {
    const rig = setUpDamp();
    const before = await readFor(rig, HOUR - MINUTE);
    assert.ok(before.every(({ heated }) => heated === undefined));
    const around = await readFor(rig, 6 * MINUTE);
    const marked = around.flatMap(({ heated }, index) => (heated ? [index * INTERVAL] : []));
    const time = (marked.at(-1) ?? 0) - (marked[0] ?? 0);
    assert.ok(time >= 3 * MINUTE && time <= 3 * MINUTE + 15_000, `marked for ${time} ms`);
    assert.equal(rig.chip.heater(), false);
    for (const { heated, temperature } of around) {
      assert.ok(heated || Math.abs(temperature - rig.air.temperature) < 0.01, String(temperature));
    }
    assert.ok(
      around.some(({ temperature }) => temperature > rig.air.temperature + 1),
      "it was heated",
    );
  });

  it("does so at most every 6 hours", async () => {
    const rig = setUpDamp();
    const { read, clock, chip } = rig;
    let pulses = 0;
    let wasOn = false;
    for (let time = 0; time < 14 * HOUR; time += 60 * INTERVAL) {
      await read();
      if (chip.heater() && !wasOn) pulses += 1;
      wasOn = chip.heater();
      await clock.advance(59 * INTERVAL);
    }
    assert.equal(switches(rig).filter((word) => word === "on").length, 3);
    assert.equal(pulses, 3);
  });

  it("stays off in air that is dry, or dry now and then, and when it is not asked for", async () => {
    const dry = setUpDamp(98.9);
    await readFor(dry, 70 * MINUTE);
    const changing = setUpDamp();
    await readFor(changing, 50 * MINUTE);
    changing.air.humidity = 95;
    await changing.read();
    changing.air.humidity = 99.5;
    await readFor(changing, 50 * MINUTE);
    const plain = setUp();
    plain.air.humidity = 100;
    await readFor(plain, 70 * MINUTE);
    for (const rig of [dry, changing, plain]) assert.ok(!switches(rig).includes("on"));
  });

  it("is switched off when the sensor is closed", async () => {
    const rig = setUpDamp();
    while (!rig.chip.heater()) await rig.read();
    await rig.sensor.close();
    assert.equal(rig.chip.heater(), false);
    assert.deepEqual([rig.clock.sleepers(), rig.controller.counts().open], [0, 0]);
  });

  it("is off at the next read if it could not be switched off in time", async () => {
    const rig = setUpDamp();
    while (!rig.chip.heater()) await rig.read();
    rig.controller.broken = "EIO";
    await rig.clock.advance(MINUTE);
    assert.equal(rig.chip.heater(), true);
    rig.controller.broken = undefined;
    assert.equal((await rig.read()).heated, true);
    assert.equal(rig.chip.heater(), false);
    const after = await readFor(rig, 3 * MINUTE);
    assert.equal(after.at(-2)?.heated, true);
    assert.equal(after.at(-1)?.heated, undefined);
  });
});
