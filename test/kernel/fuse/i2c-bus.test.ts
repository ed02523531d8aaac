import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { defer } from "../../support/cleanup.ts";
import { openPromisified, type PromisifiedBus } from "./add-ons.ts";
import { startPi } from "./pi/pi.ts";

const SHT31 = 0x44;
const MEASURE = Buffer.from([0x24, 0x00]);
/** The datasheet's 15.5 ms, and a little. */
const CONVERSION = 16;

async function openBus(t: TestContext, options: { forceAccess?: boolean } = {}): Promise<PromisifiedBus> {
  const bus = await openPromisified(1, options);
  defer(t, () => bus.close());
  return bus;
}

async function read(bus: PromisifiedBus, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await bus.i2cRead(SHT31, length, bytes);
  return bytes;
}

async function measure(bus: PromisifiedBus): Promise<string> {
  await bus.i2cWrite(SHT31, MEASURE.length, MEASURE);
  await delay(CONVERSION);
  return (await read(bus, 6)).toString("hex");
}

describe("i2c-bus on /dev/i2c-1", () => {
  it("brings the bytes of a measurement, and of the next one", async (t) => {
    const pi = await startPi(t, { air: { temperature: 10.5, humidity: 91.25 } });
    const bus = await openBus(t);
    // 0x5130 is 10.50 °C and 0xE999 91.25 %RH, with their CRCs.
    assert.equal(await measure(bus), "513057e99985");
    await pi.setAir({ temperature: 130, humidity: 0 });
    assert.equal(await measure(bus), "ffffac000081");
  });

  it("says EREMOTEIO when nobody acknowledges: while it measures, at another address, without a sensor", async (t) => {
    const pi = await startPi(t);
    const bus = await openBus(t);
    await pi.setSensorFaults({ conversionScale: 1000 });
    await bus.i2cWrite(SHT31, 2, MEASURE);
    await assert.rejects(read(bus, 6), { code: "EREMOTEIO", errno: -121 });
    await assert.rejects(bus.i2cWrite(0x45, 2, MEASURE), { code: "EREMOTEIO" });
    await pi.unplugSensor();
    await assert.rejects(measure(bus), { code: "EREMOTEIO" });
    await pi.setSensorFaults({ conversionScale: 1 });
    await pi.plugInSensor();
    await delay(2);
    assert.equal((await measure(bus)).length, 12);
  });

  it("brings ENXIO from controllers that say that", async (t) => {
    const pi = await startPi(t);
    await pi.setBusFaults({ nack: "ENXIO" });
    const bus = await openBus(t);
    await assert.rejects(bus.i2cWrite(0x45, 2, MEASURE), { code: "ENXIO" });
  });

  it("opens a bus that is not there, and fails at the first transfer", async (t) => {
    await startPi(t, { i2c: false });
    const bus = await openBus(t);
    await assert.rejects(bus.i2cWrite(SHT31, 2, MEASURE), { code: "ENOENT" });
  });

  it("waits for a bus that is held low off the event loop, one transfer after the other", async (t) => {
    const pi = await startPi(t);
    const bus = await openBus(t);
    await measure(bus);
    await pi.setBusFaults({ heldFor: 300 });
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 10);
    const from = performance.now();
    const transfers = [bus.i2cWrite(SHT31, 2, MEASURE), read(bus, 6)];
    await Promise.all(transfers.map((transfer) => assert.rejects(transfer, { code: "ETIMEDOUT" })));
    clearInterval(ticking);
    const took = performance.now() - from;
    assert.ok(took >= 590, `both took ${took} ms`);
    assert.ok(turns >= 5, `the loop turned ${turns} times`);
    await pi.setBusFaults({ heldFor: undefined });
    assert.equal((await measure(bus)).length, 12);
  });

  it("talks to address 0 once a driver of the kernel had the sensor, until the bus is opened anew", async (t) => {
    const pi = await startPi(t);
    await pi.bindSensor("sht3x");
    const bus = await openPromisified(1);
    await assert.rejects(bus.i2cWrite(SHT31, 2, MEASURE), { code: "EBUSY", syscall: "setAddr" });
    await pi.bindSensor(undefined);
    // The file without an address was kept: what is meant for the sensor goes to all that listen to a general call.
    await assert.rejects(bus.i2cWrite(SHT31, 2, MEASURE), { code: "EREMOTEIO" });
    assert.deepEqual((await pi.busTransfers()).at(-1), {
      kind: "write",
      address: 0,
      bytes: "",
      isUnderWay: false,
      error: "EREMOTEIO",
    });
    await bus.close();
    assert.equal((await measure(await openBus(t))).length, 12);
  });

  it("reaches a sensor that a driver of the kernel has by force", async (t) => {
    const pi = await startPi(t);
    await pi.bindSensor("sht3x");
    assert.equal((await measure(await openBus(t, { forceAccess: true }))).length, 12);
  });
});
