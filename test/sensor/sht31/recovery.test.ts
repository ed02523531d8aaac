import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSht31Chip } from "../../support/hardware/sht31-chip.ts";
import { assertIs, INTERVAL, NOTHING, OTHER_AIR, READ, START, setUp } from "./support.ts";

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
});
