import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSht31Chip, type Sht31Faults } from "./sht31-chip.ts";

const MEASURE = [0x24, 0x00];
const STATUS = [0xf3, 0x2d];
const HEATER_ON = [0x30, 0x6d];

/** A chip in air that reads 5130 57 E999 85: 10.50 °C and 91.25 %RH. */
function setUp(faults: Partial<Sht31Faults> = {}) {
  const time = { now: 1000 };
  const air = { temperature: 10.5, humidity: 91.25 };
  const chip = createSht31Chip({ now: () => time.now, air: () => air, faults });
  const told = (command: number[], length: number, wait = 0) => {
    time.now += 2;
    if (!chip.write(command)) return "nack";
    time.now += wait;
    const bytes = chip.read(length);
    return bytes ? Buffer.from(bytes).toString("hex") : "nack";
  };
  return { time, air, chip, told, measure: () => told(MEASURE, 6, 15.5) };
}

describe("the model of an SHT31", () => {
  it("measures in 15.5 ms, refuses everything until then, and says a value once", () => {
    const { time, chip } = setUp();
    assert.ok(chip.write(MEASURE));
    time.now += 15.4;
    assert.equal(chip.read(6), undefined);
    assert.equal(chip.write(STATUS), false);
    time.now += 0.1;
    assert.equal(Buffer.from(chip.read(6) ?? []).toString("hex"), "513057e99985");
    assert.equal(chip.read(6), undefined);
  });

  it("knows the CRC of the datasheet's example: BEEF has 92", () => {
    const chip = createSht31Chip({
      now: () => 0,
      air: () => ({ temperature: 0, humidity: 0 }),
      serial: 0xbeef_beef,
    });
    chip.write([0x37, 0x80]);
    assert.equal(Buffer.from(chip.read(6) ?? []).toString("hex"), "beef92beef92");
  });

  it("tells of a reset in its status until that is cleared", () => {
    const { chip, told } = setUp();
    assert.equal(told(STATUS, 2), "8010");
    assert.equal(told([0x30, 0x41], 2), "nack");
    assert.equal(told(STATUS, 2), "0000");
    chip.brownOut();
    assert.equal(told(STATUS, 2), "8010");
  });

  it("wants 1 ms between two commands", () => {
    const { time, chip } = setUp();
    assert.ok(chip.write(STATUS));
    time.now += 0.9;
    assert.equal(chip.write(STATUS), false);
    time.now += 0.1;
    assert.ok(chip.write(STATUS));
  });

  it("answers in periodic mode only to fetch, status and break", () => {
    const { time, told, measure } = setUp();
    assert.equal(told([0x21, 0x30], 6), "nack");
    assert.equal(measure(), "nack");
    assert.equal(told([0xe0, 0x00], 6), "nack");
    time.now += 1000;
    assert.equal(told([0xe0, 0x00], 6), "513057e99985");
    assert.equal(told([0x30, 0x93], 6), "nack");
    assert.equal(measure(), "513057e99985");
  });

  it("remembers that a command was unknown to it", () => {
    const { told } = setUp();
    told([0x12, 0x34], 3);
    assert.equal(told(STATUS, 2), "8012");
  });

  it("is warmer and drier with its heater on, and cools down again", () => {
    const { time, air, chip, told, measure } = setUp();
    told(HEATER_ON, 0);
    assert.ok(chip.heater());
    time.now += 60_000;
    const heated = Buffer.from(measure(), "hex");
    assert.ok((heated.readUInt16BE(0) / 65_535) * 175 - 45 > air.temperature + 2.9);
    assert.ok((heated.readUInt16BE(3) / 65_535) * 100 < air.humidity - 10);
    told([0x30, 0x66], 0);
    time.now += 600_000;
    assert.equal(measure(), "513057e99985");
  });

  it("can lose transfers, supply and plug, and have a heater that starts on", () => {
    const { time, chip, told, measure } = setUp({ heaterAfterReset: true, nackNext: 2 });
    assert.equal(measure(), "nack");
    assert.equal(measure(), "nack");
    assert.equal(told(STATUS, 2), "a010");
    chip.unplug();
    assert.equal(measure(), "nack");
    chip.plugIn();
    time.now += 2;
    assert.notEqual(measure(), "nack");
  });

  it("can freeze, and take longer to convert", () => {
    const { time, air, chip, measure } = setUp({ stuckAt: { temperature: 10.5, humidity: 91.25 } });
    air.temperature = 20;
    assert.equal(measure(), "513057e99985");
    chip.faults.conversionScale = 2;
    assert.equal(measure(), "nack");
    time.now += 15.5;
    assert.equal(Buffer.from(chip.read(6) ?? []).toString("hex"), "513057e99985");
  });

  it("can break one bit of a word, never the same one in a row", () => {
    const { chip, measure } = setUp();
    const sound = measure();
    chip.faults.corruptNext = [1, 0];
    const first = measure();
    assert.notEqual(first.slice(0, 6), sound.slice(0, 6));
    assert.equal(first.slice(6), sound.slice(6));
    chip.faults.corruptNext = [0, 2];
    const second = measure();
    assert.equal(second.slice(0, 6), sound.slice(0, 6));
    assert.notEqual(second.slice(6), sound.slice(6));
    assert.notEqual(measure(), second);
    assert.equal(measure(), sound);
  });
});
