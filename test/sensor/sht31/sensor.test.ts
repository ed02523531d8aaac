import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AgentError, isAborted } from "#agent/errors.js";
import { createSht31Chip } from "../../support/hardware/sht31-chip.ts";
import { until } from "../../support/until.ts";
import { assertIs, INTERVAL, RUNNING, setUp } from "./support.ts";

const NOTHING = { nack: 0, crc: 0, timeout: 0, reset: 0, bus: 0 };
const START = ["3093", "f32d", "30a2", "3066", "3041", "f32d", "3780"];
const OTHER_AIR = { temperature: 25, humidity: 40 };
const READ = ["2400", "f32d"];

describe("an SHT31", () => {
  it("does no I/O before the first read", () => {
    const { sensor, controller } = setUp();
    assert.deepEqual(sensor.describe(), { source: "sht31", faults: NOTHING });
    assert.equal(controller.counts().opened, 0);
  });

  it("is found by its status, brought to a known state, and measured in single shots", async () => {
    const { read, air, commands, sensor, chip, found } = setUp();
    assertIs(await read(), air);
    assert.deepEqual(commands(), ["f32d", ...START, ...READ]);
    assert.deepEqual(sensor.describe(), {
      source: "sht31",
      address: "0x44",
      serial: "0badcafe",
      faults: NOTHING,
    });
    assert.deepEqual(found, [{ serial: "0badcafe", place: "0x44 on /dev/i2c-1" }]);
    air.temperature = -3.25;
    assertIs(await read(), air);
    assert.deepEqual(commands(), READ);
    const waits = chip.told().filter(({ bytes }) => bytes === "2400");
    assert.equal(waits.length, 2);
  });

  it("costs the 16 ms of its conversion and no other wait", async () => {
    const { read, chip } = setUp();
    await read();
    await read();
    const [command, words, status] = chip.told().slice(-4);
    assert.deepEqual([command?.bytes, words?.kind, status?.bytes], ["2400", "read", "f32d"]);
    assert.equal((words?.at ?? 0) - (command?.at ?? 0), 16);
    assert.equal(status?.at, words?.at);
  });

  it("is found at 0x45, and asked only where it was said to be", async () => {
    const other = setUp({ address: 0x45 });
    assertIs(await other.read(), other.air);
    const elsewhere = setUp({ address: 0x45, addresses: [0x44] });
    const error = await elsewhere.failure();
    assert.equal(error.code, "SENSOR_NO_ANSWER");
    assert.match(error.message, /^no SHT31 answers at 0x44 on \/dev\/i2c-1$/);
    assert.equal(elsewhere.chip.told().length, 0);
    assert.equal(elsewhere.sensor.describe().address, "0x44");
  });

  const DRIVEN = { code: "I2C_BUSY", retryable: true, remedy: "unbind it" };
  for (const [obstacle, answer, told] of [
    ["another chip", () => true, /^0x44 on .*: read status: the CRC does not fit$/],
    ["a driver of the kernel", () => assert.fail(new AgentError("0x44 is sht3x's", DRIVEN)), /sht3x/],
  ] as const) {
    it(`is found at 0x45 behind ${obstacle} at 0x44, which is told of only if no sensor answers`, async () => {
      const { read, failure, air, controller, chip } = setUp({ address: 0x45 });
      controller.slaves.set(0x44, { write: answer, read: (length) => new Uint8Array(length).fill(0x10) });
      chip.unplug();
      assert.match((await failure()).message, told);
      chip.plugIn();
      assertIs(await read(), air);
      chip.unplug();
      assert.match((await failure()).message, /^no SHT31 answers at 0x45 on/);
    });
  }

  it("is not overlooked for one at the other address while it converts for a program that has ended", async () => {
    const { read, air, chip, controller, clock } = setUp();
    controller.slaves.set(0x45, createSht31Chip({ now: clock.monotonic, air: () => OTHER_AIR }));
    chip.write([0x24, 0x00]);
    assertIs(await read(), air);
  });

  it("is brought out of a periodic mode that another program left it in", async () => {
    const { read, air, chip } = setUp();
    chip.write([0x21, 0x30]);
    assertIs(await read(), air);
  });

  it("is waited for while it converts for a program that has ended", async () => {
    const { read, air, chip, sensor } = setUp();
    chip.write([0x24, 0x00]);
    assertIs(await read(), air);
    assert.deepEqual(sensor.describe().faults, NOTHING);
  });

  it("gets its humidity corrected, within what humidity can be", async () => {
    const { read, air } = setUp({ humidityOffset: -2.5 });
    assert.equal((await read()).humidity.toFixed(2), "88.75");
    air.humidity = 1;
    assert.equal((await read()).humidity, 0);
    const up = setUp({ humidityOffset: 20 });
    assert.equal((await up.read()).humidity, 100);
  });

  it("is read once at a time, also for two who ask at once", async () => {
    const { clock, sensor, air, controller } = setUp();
    const both = Promise.all([sensor.read(RUNNING), sensor.read(RUNNING)]);
    await clock.advance(100);
    for (const reading of await both) assertIs(reading, air);
    assert.equal(controller.busiest(), 1);
    assert.deepEqual(sensor.describe().faults, NOTHING);
  });

  it("stops at once with an AbortError, and the next read waits for the conversion that was begun", async () => {
    const { clock, sensor, read, air } = setUp();
    await read();
    const stop = new AbortController();
    const stopped = sensor.read(stop.signal).catch((error: unknown) => error);
    await clock.advance(5);
    stop.abort();
    assert.ok(isAborted(await stopped));
    assert.equal(clock.sleepers(), 0);
    assertIs(await read(), air);
    assert.deepEqual(sensor.describe().faults, NOTHING);
    assert.ok(isAborted(await sensor.read(AbortSignal.abort()).catch((error: unknown) => error)));
  });

  it("lets go of the bus when it is closed", async () => {
    const { read, sensor, controller, clock } = setUp();
    await read();
    await sensor.close();
    assert.deepEqual(controller.counts(), { underWay: 0, open: 0, opened: 1 });
    assert.equal(clock.sleepers(), 0);
  });
});

describe("an SHT31 in trouble", () => {
  it("is asked again after a NACK, a damaged word and a failed transfer, which are counted", async () => {
    const { read, air, chip, controller, sensor, commands } = setUp();
    await read();
    commands();
    chip.faults.nackNext = 1;
    assertIs(await read(), air);
    assert.deepEqual(commands(), ["-2400", ...READ]);
    chip.faults.corruptNext = [1, 0];
    assertIs(await read(), air);
    assert.deepEqual(commands(), ["2400", ...READ]);
    chip.faults.corruptNext = [0, 1];
    assertIs(await read(), air);
    controller.errors.push("EIO");
    assertIs(await read(), air);
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, nack: 1, crc: 2, bus: 1 });
  });

  it("is asked again when another program was quicker, and its words are the serial number", async () => {
    const { clock, read, air, chip, sensor } = setUp({ faults: { conversionScale: 0.8 } });
    await read();
    let wasHeard = false;
    clock.after(14.5, () => {
      wasHeard = chip.write([0x37, 0x80]);
    });
    assertIs(await read(), air);
    assert.ok(wasHeard, "its conversion was over");
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, nack: 1 });
  });

  it("is reset when it still fails, then looked for on a bus that is opened anew", async () => {
    const { read, air, chip, controller, commands } = setUp();
    await read();
    commands();
    chip.faults.corruptNext = [2, 0];
    assertIs(await read(), air);
    assert.deepEqual(commands(), ["2400", "2400", ...START, ...READ]);
    assert.equal(controller.counts().opened, 1);
    chip.faults.corruptNext = [3, 0];
    assertIs(await read(), air);
    assert.deepEqual(commands(), ["2400", "2400", "3093", "f32d", "f32d", ...START, ...READ]);
    assert.deepEqual(controller.counts(), { underWay: 0, open: 1, opened: 2 });
  });

  it("is reported when nothing helps, and gives its value at the first read after the fault", async () => {
    const { read, failure, air, chip, controller, sensor, clock } = setUp({ nack: "ENXIO" });
    await read();
    chip.unplug();
    for (let time = 0; time < 60; time += 1) {
      const { code, message, remedy } = await failure();
      assert.equal(code, "SENSOR_NO_ANSWER");
      assert.equal(message, "no SHT31 answers at 0x44 on /dev/i2c-1");
      assert.match(remedy, /supply/);
      assert.deepEqual([controller.counts().open, clock.sleepers()], [0, 0]);
    }
    chip.plugIn();
    assertIs(await read(), air);
    assert.ok((sensor.describe().faults?.nack ?? 0) > 60);
  });

  it("is waited for where it was started, also while another answers at the other address", async () => {
    const { read, failure, air, chip, controller, clock } = setUp();
    const other = createSht31Chip({ now: clock.monotonic, air: () => OTHER_AIR });
    controller.slaves.set(0x45, other);
    assertIs(await read(), air);
    for (const nacks of [5, 50, 500]) {
      chip.faults.nackNext = nacks;
      assert.match((await failure()).message, /^no SHT31 answers at 0x44 on/);
      chip.faults.nackNext = 0;
      assertIs(await read(), air);
    }
    assert.equal(other.told().length, 0);
  });

  it("may be replaced at its address, which is told once", async () => {
    const { read, failure, controller, chip, clock, found, sensor } = setUp();
    await read();
    controller.slaves.clear();
    await failure();
    const other = createSht31Chip({ now: clock.monotonic, air: () => OTHER_AIR, serial: 2 });
    controller.slaves.set(0x44, other);
    assertIs(await read(), OTHER_AIR);
    other.brownOut();
    await clock.advance(INTERVAL);
    assertIs(await read(), OTHER_AIR);
    const place = "0x44 on /dev/i2c-1";
    assert.deepEqual(found.slice(1), [{ serial: "00000002", place, before: "0badcafe" }]);
    assert.equal(sensor.describe().serial, "00000002");
    controller.slaves.set(0x44, chip);
    chip.brownOut();
    await clock.advance(INTERVAL);
    await read();
    assert.equal(found.at(-1)?.before, "00000002");
  });

  it("never gives a value whose CRC does not fit, however long that lasts", async () => {
    const { read, failure, air, chip, controller } = setUp();
    await read();
    chip.faults.corruptNext = [0, Number.POSITIVE_INFINITY];
    for (let time = 0; time < 50; time += 1) {
      const { code, remedy } = await failure();
      assert.equal(code, "SENSOR_CRC");
      assert.match(remedy, /cable/);
      assert.equal(controller.counts().open, 0);
    }
    chip.faults.corruptNext = [0, 0];
    assertIs(await read(), air);
  });

  it("is started anew after its supply broke down, and the value of before is not used", async () => {
    const { read, air, chip, clock, commands, sensor } = setUp();
    await read();
    commands();
    chip.brownOut();
    await clock.advance(INTERVAL);
    assertIs(await read(), air);
    assert.deepEqual(commands(), [...READ, ...START, ...READ]);
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, reset: 1 });
  });

  it("gives no value while its supply breaks down all the time", async () => {
    const { clock, failure, chip, read, air } = setUp();
    await read();
    let isBad = true;
    const supply = async () => {
      for (; isBad; await clock.sleep(10)) chip.brownOut();
    };
    const ended = supply();
    const { code, remedy } = await failure();
    assert.equal(code, "SENSOR_NO_ANSWER");
    assert.match(remedy, /supply/);
    isBad = false;
    await clock.advance(INTERVAL);
    await ended;
    assertIs(await read(), air);
  });

  it("is not believed if it says after each start that it was reset", async () => {
    const { failure, chip, controller, commands } = setUp();
    controller.slaves.set(0x44, {
      read: chip.read,
      write: (bytes) => (bytes[1] === 0x41 ? true : chip.write(bytes)),
    });
    const { code, remedy } = await failure();
    assert.equal(code, "SENSOR_RESET");
    assert.match(remedy, /supply/);
    assert.ok(!commands().includes("2400"), "nothing is measured before the start has succeeded");
  });

  it("is not believed if each measurement makes its supply break down", async () => {
    const { failure, chip, controller } = setUp();
    let hasMeasured = false;
    controller.slaves.set(0x44, {
      write(bytes) {
        if (bytes[0] === 0x24) hasMeasured = true;
        if (bytes[0] === 0x30) hasMeasured = false;
        return chip.write(bytes);
      },
      // The status after a reset with its CRC.
      read: (length) => (length === 3 && hasMeasured ? Uint8Array.of(0x80, 0x10, 0xe1) : chip.read(length)),
    });
    assert.equal((await failure()).code, "SENSOR_RESET");
  });

  it("has its heater switched off at the start, and its warmth is told until it has gone", async () => {
    const { read, air, chip, clock } = setUp({ faults: { heaterAfterReset: true } });
    await clock.advance(60_000);
    const first = await read();
    assert.equal(chip.heater(), false);
    assert.equal(first.heated, true);
    assert.ok(first.temperature > air.temperature + 1);
    await clock.advance(3 * 60_000);
    const later = await read();
    assert.equal(later.heated, undefined);
    assertIs(later, air);
  });

  it("is not believed while its heater is on that nobody has switched on", async () => {
    const { read, chip, clock, sensor } = setUp();
    assert.equal((await read()).heated, undefined);
    chip.write([0x30, 0x6d]);
    await clock.advance(INTERVAL);
    const next = await read();
    assert.equal(next.heated, true);
    assert.equal(chip.heater(), false);
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, reset: 1 });
  });

  it("is not believed if its heater cannot be switched off", async () => {
    const { read, failure, chip, controller, commands } = setUp();
    await read();
    commands();
    const deaf = {
      read: chip.read,
      write: (bytes: ArrayLike<number>) => (bytes[1] === 0x66 ? true : chip.write(bytes)),
    };
    chip.faults.heaterAfterReset = true;
    chip.brownOut();
    controller.slaves.set(0x44, deaf);
    assert.equal((await failure()).code, "SENSOR_HEATER");
    assert.equal(commands().filter((command) => command === "2400").length, 1);
    controller.slaves.set(0x44, chip);
    assert.equal((await read()).heated, true);
  });

  it("takes a conversion that lasts longer than the datasheet's longest for no answer", async () => {
    const { failure, chip } = setUp();
    chip.faults.conversionScale = 4;
    assert.equal((await failure()).code, "SENSOR_NO_ANSWER");
  });
});

describe("the bus of an SHT31", () => {
  for (const [errno, code, remedy] of [
    ["ENOENT", "I2C_MISSING", /raspi-config/],
    ["EACCES", "I2C_DENIED", /group i2c/],
  ] as const) {
    it(`is not tried again in the same read after ${errno}, and says what to do`, async () => {
      const { sensor, controller, read, air } = setUp();
      controller.broken = errno;
      const error = await sensor.read(RUNNING).catch((reason: unknown) => reason);
      assert.ok(error instanceof Error && "code" in error && "remedy" in error);
      assert.equal(error.code, code);
      assert.match(error.message, /\/dev\/i2c-1/);
      assert.match(String(error.remedy), remedy);
      assert.deepEqual(controller.counts(), { underWay: 0, open: 0, opened: 1 });
      assert.deepEqual(sensor.describe().faults, { ...NOTHING, bus: 1 });
      controller.broken = undefined;
      assertIs(await read(), air);
    });
  }

  it("is tried again in the same read when the controller was busy", async () => {
    const { sensor, controller, read, air, clock } = setUp();
    await read();
    controller.errors.push("EBUSY");
    const reading = sensor.read(RUNNING);
    reading.catch(() => undefined);
    // Sysfs is looked at in real time.
    await until("the fault is explained", () => sensor.describe().faults?.bus === 1);
    await clock.advance(INTERVAL);
    assertIs(await reading, air);
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, bus: 1 });
  });

  it("is tried twice when the controller gives up, which takes a second each time", async () => {
    const { failure, controller, read, air, sensor } = setUp();
    await read();
    controller.broken = "ETIMEDOUT";
    const { code, remedy } = await failure();
    assert.equal(code, "I2C_TIMEOUT");
    assert.match(remedy, /SDA and SCL/);
    assert.deepEqual(sensor.describe().faults, { ...NOTHING, timeout: 2 });
    controller.broken = undefined;
    assertIs(await read(), air);
  });

  it("costs one thread when it hangs for ever, is reported in 5 s, and works again when it is let go", async () => {
    const { clock, failure, controller, read, air } = setUp();
    await read();
    controller.hang(true);
    for (let time = 0; time < 100; time += 1) {
      assert.equal((await failure()).code, "I2C_TIMEOUT");
      assert.deepEqual([controller.counts().underWay, clock.sleepers()], [1, 0]);
    }
    controller.hang(false);
    assertIs(await read(), air);
    assert.equal(controller.busiest(), 1);
  });
});
