import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCave } from "./cave.ts";

describe("fault 30: a bus that is held low", () => {
  it("costs the readings and nothing else, and they come again when it is let go", async (t) => {
    const { pi, rig, agent, becomes, messages, assertMeasured } = await startCave(t);
    await pi.setBusFaults({ heldFor: 1000 });
    const { cause } = await agent.logged("sensor-fault");
    assert.match(String(cause), /0x44 on \/dev\/i2c-1.*the bus is held/);
    const { sensor } = await becomes("it has failed", (status) => status.sensor.state === "failed");
    assert.ok((sensor.faults?.timeout ?? 0) > 0);
    // All that needs no sensor is answered meanwhile.
    const { status, payload } = await rig.service.invoke("cave-01", "SetFanState", "on");
    assert.equal(status, 200, JSON.stringify(payload));
    await becomes("the fan runs", ({ fan }) => fan.state === "on");
    await pi.setBusFaults({ heldFor: undefined });
    await messages(2);
    await becomes("it is well", ({ sensor, conditions }) => sensor.state === "ok" && conditions.length === 0);
    assertMeasured();
  });

  it("is not waited for longer than the agent wants, and one transfer hangs at a time", async (t) => {
    const { pi, agent, messages, becomes, assertMeasured } = await startCave(t);
    await pi.setBusFaults({ heldFor: 4000 });
    const before = (await pi.busTransfers()).length;
    const { cause } = await agent.logged("sensor-fault");
    assert.match(String(cause), /\/dev\/i2c-1/);
    await becomes("it was tried several times", ({ sensor }) => (sensor.faults?.timeout ?? 0) > 1);
    assert.equal((await pi.busTransfers()).length, before + 1);
    await pi.setBusFaults({ heldFor: undefined });
    await messages(2);
    assertMeasured();
  });

  it("does not keep the agent from its end", async (t) => {
    const { pi, agent } = await startCave(t);
    await pi.setBusFaults({ heldFor: 1000 });
    await agent.logged("sensor-fault");
    assert.equal((await agent.stop()).code, 0, agent.output());
  });
});
