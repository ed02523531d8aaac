import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { systemClock } from "#agent/lib/clock.js";
import { openSht31 } from "#agent/sensor/open.js";
import { createRandom } from "#agent/sensor/random.js";
import type { Sensor } from "#agent/sensor/sensor.js";
import { defer, type Scope } from "../../support/cleanup.ts";
import { until } from "../../support/until.ts";
import { bench } from "./bench.ts";
import { bindKernelReader } from "./kernel-reader.ts";

const MEASURE = "2400";
/** The address that all chips on a bus listen to. */
const GENERAL_CALL = 0;
const SOFT_RESET = "30a2";
/** Milliseconds for one reading, tries included. */
const LONGEST_READ = 20_000;

function open(t: Scope, bus: number): Sensor {
  const config = { source: "sht31", bus, address: "auto", humidityOffset: 0, heater: "off" } as const;
  const sensor = openSht31(config, { clock: systemClock });
  defer(t, () => sensor.close());
  return sensor;
}

const read = (sensor: Sensor) => sensor.read(AbortSignal.timeout(LONGEST_READ));

/** The driver under test, at its first reading: until then it may be in trouble, because all that it needs is loaded. */
async function setUp(t: Scope) {
  const bus = await bench.bus();
  const sensor = open(t, bus);
  await readsAgain(sensor);
  return { bus, sensor };
}

async function written(command: string): Promise<number> {
  const { transfers } = await bench.look();
  return transfers.filter(({ kind, bytes }) => kind === "write" && bytes === command).length;
}

describe("the agent's driver on a kernel's bus", () => {
  it("reads what the kernel's own driver reads, within a count of the converter", async (t) => {
    const { bus, sensor } = await setUp(t);
    // Whoever has the address keeps it, also while the kernel's driver is bound: both read in turn.
    const kernel = await bindKernelReader(t, bus);
    const random = createRandom(1);
    for (let round = 0; round < 20; round += 1) {
      await bench.setAir({ temperature: random.between(-40, 60), humidity: random.between(0, 100) });
      const ours = await read(sensor);
      const theirs = await kernel.read();
      // It cuts a thousandth off.
      const near = (our: number, their: number, count: number) =>
        assert.ok(Math.abs(1000 * our - their) <= count + 1, `${our} and ${their / 1000}`);
      near(ours.temperature, theirs.temperature, 175_000 / 65_535);
      near(ours.humidity, theirs.humidity, 100_000 / 65_535);
    }
  });

  it("loses no reading to transfers that fail now and then, and lets no wrong value through", async (t) => {
    const { sensor } = await setUp(t);
    const random = createRandom(2);
    const expected = { nack: 0, crc: 0 };
    for (let round = 0; round < 100; round += 1) {
      if (random.between(0, 1) < 0.08) {
        if (random.between(0, 1) < 0.5) {
          expected.nack += 1;
          await bench.setChip({ nackNext: 1 });
        } else {
          expected.crc += 1;
          await bench.setChip({ corruptNext: random.between(0, 1) < 0.5 ? [1, 0] : [0, 1] });
        }
      }
      const { temperature, humidity } = await read(sensor);
      assert.deepEqual([temperature.toFixed(2), humidity.toFixed(2)], ["10.50", "91.25"]);
    }
    const { nack, crc } = sensor.describe().faults ?? {};
    assert.deepEqual({ nack, crc }, expected);
    assert.ok(expected.nack > 0 && expected.crc > 0);
  });

  it("fault 27: NACKs are met with another try, a soft reset, and a bus that is opened anew", async (t) => {
    const { sensor } = await setUp(t);
    for (const [nacks, resets] of [
      [1, 0],
      [2, 1],
      [3, 1],
    ] as const) {
      const before = await written(SOFT_RESET);
      await bench.setChip({ nackNext: nacks });
      await read(sensor);
      assert.equal((await written(SOFT_RESET)) - before, resets, `soft resets after ${nacks} NACKs`);
    }
    await bench.setChip({ nackNext: Number.MAX_SAFE_INTEGER });
    await assert.rejects(read(sensor), { code: "SENSOR_NO_ANSWER", message: /ENXIO|no SHT31 answers/ });
    await bench.setChip({ nackNext: 0 });
    await read(sensor);
  });

  it("sees a supply that broke down, and a heater that is on", async (t) => {
    const { sensor } = await setUp(t);
    await bench.setChip({ heaterAfterReset: true });
    await bench.brownOut();
    assert.equal((await bench.look()).heater, true);
    assert.equal((await read(sensor)).heated, true);
    assert.equal((await bench.look()).heater, false);
    await bench.setChip({ heaterAfterReset: false });
    await bench.brownOut();
    await read(sensor);
    assert.equal(sensor.describe().faults?.reset, 2);
  });

  it("fault 30: a bus that is held costs a reading, and the event loop goes on", async (t) => {
    const { sensor } = await setUp(t);
    await bench.setBus({ isHeldLow: true });
    await assert.rejects(read(sensor), { code: "I2C_TIMEOUT", message: /ETIMEDOUT/ });
    await bench.setBus({ isHeldLow: false });
    await read(sensor);
    // Now the bridge itself hangs: the kernel waits 4 s for it, the driver does not.
    await bench.setBus({ isMute: true });
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 20);
    const from = performance.now();
    await assert.rejects(read(sensor), { code: "I2C_TIMEOUT" });
    clearInterval(ticking);
    const took = performance.now() - from;
    assert.ok(turns > 10, `the loop turned ${turns} times in ${took} ms`);
    await bench.setBus({ isMute: false });
    await readsAgain(sensor);
  });

  it("leaves the sensor to a driver of the kernel until the remedy is followed, and never speaks to all", async (t) => {
    const bus = await bench.bus();
    const kernel = await bindKernelReader(t, bus);
    const sensor = open(t, bus);
    const measured = await written(MEASURE);
    for (let times = 0; times < 3; times += 1) {
      await assert.rejects(read(sensor), { code: "I2C_BUSY", message: /kernel's driver sht3x/ });
    }
    assert.equal(await written(MEASURE), measured);
    assert.ok(!(await bench.look()).addresses.includes(GENERAL_CALL));
    await kernel.read();
    await writeFile("/sys/bus/i2c/drivers/sht3x/unbind", `${bus}-0044`);
    await readsAgain(sensor);
  });

  it("is there again when the bridge was unplugged and plugged in", async (t) => {
    const { sensor } = await setUp(t);
    const unplugged = bench.unplug();
    await assert.rejects(read(sensor), isAgentError);
    await unplugged;
    await assert.rejects(read(sensor), { code: "I2C_MISSING" });
    await bench.plugIn();
    const { temperature } = await readsAgain(sensor);
    assert.equal(temperature.toFixed(2), "10.50");
  });
});

/** The next reading that succeeds: a transfer that hangs in the kernel may outlast the fault. */
function readsAgain(sensor: Sensor) {
  return until("a reading", () => read(sensor).catch(() => undefined), { seconds: 60 });
}
