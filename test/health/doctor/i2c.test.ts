import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LINUX } from "#agent/health/doctor/check.js";
import { i2cCheck } from "#agent/health/doctor/i2c.js";
import { systemClock } from "#agent/lib/clock.js";
import { createController } from "../../support/hardware/fake-adapter.ts";
import { createSht31Chip } from "../../support/hardware/sht31-chip.ts";
import { temporaryDirectory } from "../../support/pki.js";
import { healthDocument, SOUND } from "../support.ts";
import { findingOf, type GroundOptions } from "./support.js";

/** A machine with a chip at `address`, and doctor's look at it with these lines under [sensor]. */
async function setUp(t: TestContext, address = 0x44) {
  const folder = await temporaryDirectory(t);
  const air = { temperature: 12, humidity: 90 };
  const chip = createSht31Chip({ now: systemClock.monotonic, air: () => air });
  const controller = createController([[address, chip]]);
  const devices = join(folder, "dev");
  const file = join(folder, "config.toml");
  const look = (sensor = "", options: GroundOptions = {}) => {
    writeFileSync(file, `[sensor]\n${sensor}\n`);
    const machine = { ...LINUX, devices, openAdapter: controller.open };
    return findingOf(i2cCheck, file, { machine, isAlone: true, ...options });
  };
  return { chip, controller, devices, look };
}

test("a simulated sensor is not looked for", async (t) => {
  const { look, controller } = await setUp(t);
  assert.equal((await look('source = "simulated"')).result, "skipped");
  assert.equal(controller.counts().opened, 0);
});

test("a sensor that answers is asked for its status, and for nothing else", async (t) => {
  const { look, chip, controller } = await setUp(t, 0x45);
  assert.deepEqual(await look(), { result: "ok", detail: "an SHT31 answers at 0x45 on /dev/i2c-1" });
  assert.deepEqual(
    chip.told().flatMap(({ kind, bytes }) => (kind === "write" ? [bytes] : [])),
    ["f32d"],
  );
  assert.equal(controller.counts().open, 0);
});

test("a sensor that is not there fails, and only warns where it may be simulated", async (t) => {
  const { look, controller } = await setUp(t);
  controller.slaves.clear();
  const { result, detail, remedy, code } = await look();
  assert.deepEqual([result, detail], ["failed", "no SHT31 answers at 0x44 or 0x45 on /dev/i2c-1"]);
  assert.equal(code, "SENSOR_NO_ANSWER");
  assert.match(remedy ?? "", /supply, SDA, SCL/);
  assert.equal((await look('source = "auto"')).result, "warning");
});

test("a sensor at the other address is found", async (t) => {
  const { look } = await setUp(t, 0x45);
  const { result, detail, remedy } = await look("address = 0x44");
  assert.equal(result, "failed");
  assert.match(detail, /no SHT31 answers at 0x44 on .*, but one answers at 0x45/);
  assert.match(remedy ?? "", /sensor\.address = 0x45/);
});

test("a bus that is not there is named, with those that are", async (t) => {
  const { look, controller, devices } = await setUp(t);
  controller.broken = "ENOENT";
  assert.equal((await look()).detail, "there is no /dev/i2c-1");
  mkdirSync(devices);
  for (const name of ["i2c-13", "i2c-2", "i2c-dev-other"]) writeFileSync(join(devices, name), "");
  const { result, detail, remedy } = await look();
  assert.equal(result, "failed");
  assert.equal(detail, `there is no /dev/i2c-1; there are ${devices}/i2c-13, ${devices}/i2c-2`);
  assert.match(remedy ?? "", /raspi-config nonint do_i2c 0.*sensor\.bus.*--bus/);
});

test("a bus that may not be used, is busy, or is held, each with its remedy", async (t) => {
  const { look, controller } = await setUp(t);
  for (const [errno, detail, expected] of [
    ["EACCES", /may not use \/dev\/i2c-1/, /group i2c/],
    ["EBUSY", /controller is busy/, /pull-ups/],
    ["ETIMEDOUT", /the bus is held/, /short circuit/],
    ["EIO", /EIO/, /pull-ups/],
  ] as const) {
    controller.broken = errno;
    const found = await look();
    assert.equal(found.result, "failed", errno);
    assert.match(found.detail, detail);
    assert.match(found.remedy ?? "", expected);
  }
});

test("a chip that is no SHT31 is not taken for one", async (t) => {
  const { look, controller } = await setUp(t);
  controller.slaves.set(0x44, { write: () => true, read: (length) => new Uint8Array(length) });
  const { result, detail, remedy } = await look();
  assert.equal(result, "failed");
  assert.match(detail, /CRC does not fit/);
  assert.match(remedy ?? "", /another chip has this address/);
});

test("while an agent reads the sensor nobody else does: its word is taken", async (t) => {
  const { look, controller } = await setUp(t);
  const reading = {
    temperature: 12,
    humidity: 90,
    source: "sht31" as const,
    readAt: "2026-03-02T02:03:04.500Z",
  };
  const sensor = { source: "sht31", serial: "0badcafe", state: "ok", quality: "good", ...SOUND } as const;
  const well = await look("", { running: healthDocument({ sensor, reading }) });
  assert.equal(well.result, "ok");
  assert.match(well.detail, /the running agent reads the sht31 0badcafe, last at 2026-03-02/);
  const ill = await look("", {
    running: healthDocument({ sensor: { ...sensor, state: "failed", fault: "no SHT31 answers" }, reading }),
  });
  assert.equal(ill.result, "failed");
  assert.match(ill.detail, /no SHT31 answers/);
  assert.match(ill.remedy ?? "", /stop the agent/);
  const told = { code: "I2C_MISSING", remedy: "switch I2C on" };
  const advised = await look("", {
    running: healthDocument({ sensor: { ...sensor, state: "failed", fault: "no bus", ...told }, reading }),
  });
  assert.deepEqual([advised.code, advised.remedy], ["I2C_MISSING", "switch I2C on"]);
  assert.equal(controller.counts().opened, 0);
  assert.equal((await look("", { running: healthDocument() })).result, "ok");
  assert.equal(controller.counts().opened, 1, "an agent that simulates does not use the bus");
});

test("a chip that an agent may be reading is left alone", async (t) => {
  const { look, controller } = await setUp(t);
  assert.deepEqual(await look("", { isAlone: false }), {
    result: "skipped",
    detail: "an agent that may be reading it could not be asked",
  });
  assert.equal(controller.counts().opened, 0);
});
