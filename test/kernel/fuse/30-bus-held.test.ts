import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startCave } from "./cave.ts";

/** One agent for all of them: each lets go of the bus, and the last ends it. */
const { pi, rig, agent, sensorFails, becomes, messages, assertMeasured } = await startCave({ after });

describe("fault 30: a bus that is held low", () => {
  it("costs the readings and nothing else, and they come again when it is let go", async () => {
    await pi.setBusFaults({ heldFor: 1000 });
    assert.match(await sensorFails(), /0x44 on \/dev\/i2c-1.*the bus is held/);
    await becomes("it is counted", ({ sensor }) => (sensor.faults?.timeout ?? 0) > 0);
    // All that needs no sensor is answered meanwhile.
    const { status, payload } = await rig.service.invoke("cave-01", "SetFanState", "on");
    assert.equal(status, 200, JSON.stringify(payload));
    await becomes("the fan runs", ({ fan }) => fan.state === "on");
    await pi.setBusFaults({ heldFor: undefined });
    await messages(2);
    await becomes("it is well", ({ sensor, conditions }) => sensor.state === "ok" && conditions.length === 0);
    assertMeasured();
  });

  it("is not waited for longer than the agent wants, and one transfer hangs at a time", async () => {
    const { sensor } = await becomes("it is well", (status) => status.sensor.state === "ok");
    await pi.setBusFaults({ heldFor: 4000 });
    await sensorFails();
    const timeouts = (sensor.faults?.timeout ?? 0) + 1;
    await becomes("it was tried again", (status) => (status.sensor.faults?.timeout ?? 0) > timeouts);
    assert.equal((await pi.busTransfers()).filter(({ isUnderWay }) => isUnderWay).length, 1);
    await pi.setBusFaults({ heldFor: undefined });
    await messages(2);
    assertMeasured();
  });

  it("does not keep the agent from its end", async () => {
    await pi.setBusFaults({ heldFor: 1000 });
    await sensorFails();
    assert.equal((await agent.stop()).code, 0, agent.output());
  });
});
