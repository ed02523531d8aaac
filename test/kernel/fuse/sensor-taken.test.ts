import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { startCave } from "./cave.ts";

describe("a sensor that the agent may not have", () => {
  it("is left to a driver of the kernel, until the remedy that is told is followed", async (t) => {
    const { pi, agent, becomes, messages, assertMeasured } = await startCave(t, { silent: true });
    await messages(1);
    await pi.bindSensor("sht3x");
    // The bus is open; it is opened anew after a fault.
    await pi.setSensorFaults({ nackNext: 4 });
    const { cause, remedy } = await agent.logged("sensor-fault");
    assert.match(String(cause), /belongs to the kernel's driver sht3x \(EBUSY\)/);
    await becomes("it has failed", ({ sensor }) => sensor.state === "failed");
    const [, command = ""] = /for now run: (.*)$/.exec(String(remedy)) ?? [];
    execFileSync("sh", ["-c", command.replace("sudo ", "")]);
    await messages(2);
    await becomes("it is well", ({ sensor }) => sensor.state === "ok");
    // Nothing was said to address 0, which i2c-bus would use after a refusal.
    assert.ok((await pi.busTransfers()).every(({ address }) => address !== 0));
    assertMeasured();
  });

  it("is missed where I2C is not switched on", async (t) => {
    const { agent, becomes, ledger } = await startCave(t, { board: { i2c: false }, silent: true });
    const { cause, remedy } = await agent.logged("sensor-fault");
    assert.match(String(cause), /there is no \/dev\/i2c-1/);
    assert.match(String(remedy), /raspi-config/);
    await becomes("it has failed", ({ sensor }) => sensor.state === "failed");
    assert.equal(ledger.received.length, 0);
  });
});
