import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startCave } from "./cave.ts";

const SOFT_RESET = "30a2";

/** One agent for all of them: each leaves the sensor as it found it. */
const { pi, ledger, sensorFails, becomes, messages, assertNoFault, assertMeasured } = await startCave({
  after,
});

describe("fault 27: a sensor that does not acknowledge", () => {
  it("is read again on a bus that is opened anew, or reset softly, and no reading is lost", async () => {
    const resets = async () =>
      (await pi.sensorTransfers()).filter(({ bytes }) => bytes === SOFT_RESET).length;
    const claims = async () => (await pi.busTransfers()).filter(({ kind }) => kind === "claim").length;
    let counted = 0;
    // Each NACK costs one try, and the file of the bus; the third try and those after it begin with a reset.
    for (const [nacks, newResets] of [
      [1, 0],
      [2, 1],
      [3, 1],
    ] as const) {
      const resetsBefore = await resets();
      const claimsBefore = await claims();
      counted += nacks;
      await pi.setSensorFaults({ nackNext: nacks });
      await becomes(`${counted} are counted`, ({ sensor }) => sensor.faults?.nack === counted);
      await messages(2);
      // A machine that is very busy adds timeouts of its own.
      assert.ok((await resets()) >= resetsBefore + newResets, "a soft reset");
      assert.ok((await claims()) >= claimsBefore + nacks, "a bus that was opened anew");
    }
    assertNoFault(/acknowledge/);
    assertMeasured();
  });

  it("is a fault of the sensor while it lasts, and none of the agent's", async () => {
    await pi.setSensorFaults({ nackNext: Number.MAX_SAFE_INTEGER });
    assert.match(await sensorFails(), /0x44 .*\/dev\/i2c-1/);
    const { sensor, conditions } = await becomes("it is said", (status) => status.conditions.length > 0);
    assert.deepEqual([sensor.source, conditions.map(({ code }) => code)], ["sht31", ["SENSOR_FAULT"]]);
    const nacks = sensor.faults?.nack ?? 0;
    const atFault = ledger.received.length;
    await becomes("it is tried again", (status) => (status.sensor.faults?.nack ?? 0) > nacks + 3);
    // One may have been on its way.
    assert.ok(ledger.received.length <= atFault + 1);
    await pi.setSensorFaults({ nackNext: 0 });
    await messages(2);
    await becomes("it is well", (status) => status.sensor.state === "ok" && status.conditions.length === 0);
    assertMeasured();
  });

  it("is told of as one by a controller that says ENXIO, too", async () => {
    await pi.setBusFaults({ nack: "ENXIO" });
    await pi.unplugSensor();
    assert.match(await sensorFails(), /no SHT31 answers at 0x44 on \/dev\/i2c-1/);
    await pi.plugInSensor();
    await messages(2);
    assertMeasured();
  });
});
