import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../support/until.ts";
import { assertIs, INTERVAL, NOTHING, RUNNING, setUp } from "./support.ts";

describe("the bus of an SHT31", () => {
  for (const [errno, code, remedy] of [
    ["ENOENT", "I2C_MISSING", /raspi-config.*sensor\.bus, or --bus/],
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
