import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { defer } from "../../support/cleanup.ts";
import { CHIP_LABEL } from "../mcp2221/bench.ts";
import { bench } from "./bench.ts";
import { bindKernelReader } from "./kernel-reader.ts";
import { pinOf } from "./pin.ts";

/**
 * One count of the converter, by which the kernel may differ because it divides by 65536 and the datasheet by 65535,
 * and the thousandth that it cuts off.
 */
const TOLERANCE = { temperature: 175_000 / 65_535 + 1, humidity: 100_000 / 65_535 + 1 };
const AIRS = [
  { temperature: 10.5, humidity: 91.25 },
  { temperature: -40, humidity: 0 },
  { temperature: 11.87, humidity: 99.99 },
];

// Without a line of the agent: the emulated hardware and the kernel agree.

test("the kernel's own sht3x reads what the emulated sensor said, at any air", async (t) => {
  const kernel = await bindKernelReader(t, await bench.bus());
  for (const air of AIRS) {
    await bench.setAir(air);
    const read = await kernel.read();
    const said = Buffer.from((await bench.look()).transfers.at(-1)?.bytes ?? "", "hex");
    // Datasheet section 4.13, in thousandths.
    const temperature = -45_000 + (175_000 * said.readUInt16BE(0)) / 65_535;
    const humidity = (100_000 * said.readUInt16BE(3)) / 65_535;
    assert.ok(Math.abs(temperature - 1000 * air.temperature) <= TOLERANCE.temperature, `${temperature}`);
    assert.ok(Math.abs(read.temperature - temperature) <= TOLERANCE.temperature, `${read.temperature}`);
    assert.ok(Math.abs(read.humidity - humidity) <= TOLERANCE.humidity, `${read.humidity}`);
  }
});

test("a pin of the emulated chip follows what the kernel's sysfs is told", async (t) => {
  const pin = await pinOf(CHIP_LABEL, 0);
  await pin.export();
  defer(t, () => pin.unexport());
  await pin.set("direction", "high");
  assert.equal((await bench.look()).levels[0], 1);
  await pin.set("value", "0");
  assert.equal((await bench.look()).levels[0], 0);
  await pin.set("direction", "in");
  await bench.drive(0, 1);
  assert.equal(await pin.get("value"), "1");
});

test("unplugged, bus and chip are gone; plugged in again, they are back", async () => {
  const file = `/dev/i2c-${await bench.bus()}`;
  assert.ok(existsSync(file) && existsSync("/dev/gpiochip0"));
  await bench.unplug();
  assert.ok(!existsSync(file) && !existsSync("/dev/gpiochip0"));
  await bench.plugIn();
  assert.ok(existsSync(`/dev/i2c-${await bench.bus()}`) && existsSync("/dev/gpiochip0"));
});
