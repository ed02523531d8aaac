import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AgentError } from "#agent/errors.js";
import { createSht31Chip } from "../../support/hardware/sht31-chip.ts";
import { assertIs, NOTHING, OTHER_AIR, READ, START, setUp } from "./support.ts";

describe("an SHT31 at its start", () => {
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
});
