import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KeptSensor } from "#agent/sensor/auto.js";
import { openSensor, type SensorConfig } from "#agent/sensor/open.js";
import type { Reading } from "#agent/sensor/sensor.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { createController, type Slave } from "../support/hardware/fake-adapter.ts";
import { createSht31Chip } from "../support/hardware/sht31-chip.ts";

const RUNNING = new AbortController().signal;

/** A machine on which a sensor may have answered before; `kept` is what is written down of that. */
function createMachine(kept: KeptSensor[] = []) {
  const clock = createFakeClock();
  const chip = createSht31Chip({
    now: clock.monotonic,
    air: () => ({ temperature: 10.5, humidity: 91.25 }),
  });
  const controller = createController();
  const simulated: unknown[] = [];
  const open = (config: Partial<SensorConfig>, { seed = 1, speed = 1 } = {}) =>
    openSensor(
      { source: "sht31", bus: 1, address: "auto", humidityOffset: 0, heater: "off", ...config },
      { seed, speed },
      {
        clock,
        fanOn: () => true,
        openAdapter: controller.open,
        onSimulated: (error) => simulated.push(error),
        answered: { read: async () => kept.at(-1), write: async (value) => void kept.push(value) },
      },
    );
  async function read(sensor: ReturnType<typeof open>): Promise<Reading> {
    const reading = sensor.read(RUNNING);
    reading.catch(() => undefined);
    await clock.advance(5000);
    return reading;
  }
  const plug = (slave: Slave = chip) => controller.slaves.set(0x44, slave);
  return { clock, controller, open, read, plug, unplug: () => controller.slaves.clear(), simulated, kept };
}

it("opens the simulated sensor with its seed and speed", async () => {
  const read = async (seed: number, speed: number) => {
    const { clock, open } = createMachine();
    const sensor = open({ source: "simulated" }, { seed, speed });
    await clock.advance(60_000);
    return sensor.read(RUNNING);
  };
  assert.equal((await read(1, 1)).source, "simulated");
  assert.notDeepEqual(await read(1, 1), await read(2, 1));
  assert.ok((await read(1, 600)).temperature < (await read(1, 1)).temperature - 1);
});

it("never simulates when a real sensor is configured", async () => {
  const { open, read, plug, simulated } = createMachine();
  const sensor = open({ source: "sht31" });
  await assert.rejects(read(sensor), { code: "SENSOR_NO_ANSWER" });
  assert.equal(sensor.describe().source, "sht31");
  plug();
  assert.equal((await read(sensor)).source, "sht31");
  assert.deepEqual(simulated, []);
});

describe("auto", () => {
  it("takes the real sensor if it answers, and never simulates after that", async () => {
    const { open, read, plug, unplug, simulated, kept } = createMachine();
    plug();
    const sensor = open({ source: "auto" });
    assert.equal((await read(sensor)).source, "sht31");
    assert.deepEqual(kept, [{ serial: "0badcafe" }]);
    unplug();
    await assert.rejects(read(sensor), { code: "SENSOR_NO_ANSWER" });
    assert.deepEqual([sensor.describe().source, simulated.length], ["sht31", 0]);
  });

  it("simulates if none answers, says so once, and stays with it", async () => {
    const { open, read, plug, simulated, controller, kept } = createMachine();
    const sensor = open({ source: "auto" });
    assert.equal((await read(sensor)).source, "simulated");
    assert.equal(simulated.length, 1);
    plug();
    assert.equal((await read(sensor)).source, "simulated");
    assert.deepEqual([sensor.describe().source, simulated.length, kept.length], ["simulated", 1, 0]);
    assert.equal(controller.counts().open, 0);
  });

  it("does not simulate after a restart either, if a sensor has answered before", async () => {
    const { open, read, plug, simulated } = createMachine([{ serial: "0badcafe" }]);
    const sensor = open({ source: "auto" });
    await assert.rejects(read(sensor), { code: "SENSOR_NO_ANSWER" });
    plug();
    assert.equal((await read(sensor)).source, "sht31");
    assert.equal(simulated.length, 0);
  });

  it("leaves the choice open when the first read is stopped", async () => {
    const { open, read, plug, simulated, clock } = createMachine();
    const sensor = open({ source: "auto" });
    const stop = new AbortController();
    const stopped = sensor.read(stop.signal).catch((error: unknown) => error);
    await clock.advance(10);
    stop.abort();
    assert.equal((await stopped) instanceof Error, true);
    plug();
    assert.equal((await read(sensor)).source, "sht31");
    assert.equal(simulated.length, 0);
  });
});
