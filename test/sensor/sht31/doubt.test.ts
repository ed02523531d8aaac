import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertIs, INTERVAL, NOTHING, READ, START, setUp } from "./support.ts";

describe("an SHT31 in doubt", () => {
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
});
