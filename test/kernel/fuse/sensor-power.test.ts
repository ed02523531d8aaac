import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../support/until.ts";
import { startCave } from "./cave.ts";

describe("the supply of the sensor", () => {
  it("may come and go with the sensor's plug, or break down for a moment: it is started anew", async (t) => {
    const { pi, agent, sensorFails, becomes, messages, assertNoFault, assertMeasured } = await startCave(t);
    assert.equal((await agent.logged("sensor-found")).place, "0x44 on /dev/i2c-1");
    await pi.brownOut();
    await becomes("it is counted", ({ sensor }) => sensor.faults?.reset === 1);
    await messages(2);
    await becomes("that is all", ({ sensor }) => sensor.state === "ok" && sensor.faults?.reset === 1);
    assertNoFault(/supply/);

    for (let times = 0; times < 2; times += 1) {
      await pi.unplugSensor();
      await sensorFails();
      await pi.plugInSensor();
      await messages(1);
      await becomes(
        "it is well",
        ({ sensor, conditions }) => sensor.state === "ok" && conditions.length === 0,
      );
    }
    assertMeasured();
  });

  it("may bring it up with its heater on, which the agent switches off before it believes it", async (t) => {
    const { pi, ledger, becomes } = await startCave(t, { board: { faults: { heaterAfterReset: true } } });
    await until("the heater is off", async () => !(await pi.isHeating()));
    await becomes("it is read", ({ sensor }) => sensor.quality === "heated");
    for (const { properties } of ledger.received) assert.equal(properties.quality, "heated");
  });
});
