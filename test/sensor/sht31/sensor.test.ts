import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAborted } from "#agent/errors.js";
import { assertIs, NOTHING, RUNNING, setUp } from "./support.ts";

describe("an SHT31", () => {
  it("does no I/O before the first read", () => {
    const { sensor, controller } = setUp();
    assert.deepEqual(sensor.describe(), { source: "sht31", faults: NOTHING });
    assert.equal(controller.counts().opened, 0);
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

  it("takes a conversion that lasts longer than the datasheet's longest for no answer", async () => {
    const { failure, chip } = setUp();
    chip.faults.conversionScale = 4;
    assert.equal((await failure()).code, "SENSOR_NO_ANSWER");
  });
});
