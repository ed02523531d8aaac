import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import type { CloudRig } from "../../support/rig.ts";
import { startCave } from "./cave.ts";
import { SOC } from "./pi/gpio-chip.ts";

const FAN = 17;

async function setFan(rig: CloudRig, wish: string): Promise<{ status: number; result: string }> {
  const { status, payload } = await rig.service.invoke("cave-01", "SetFanState", wish);
  return { status, result: String((payload as JsonObject).result) };
}

describe("a line of the fan that the agent cannot use", () => {
  it("is left to whoever has it; it is told, and taken as soon as it is free and the fan is wanted", async (t) => {
    const { pi, rig, agent, becomes, messages } = await startCave(t, {
      board: { taken: [{ chip: SOC, offset: FAN, owner: "gpio-fan" }] },
    });
    const { cause, remedy } = await agent.logged("fan-fault");
    assert.match(
      String(cause),
      /GPIO17 is line 17 \(number 529\) .*another program or a driver of the kernel has it/,
    );
    assert.match(String(remedy), /gpioinfo/);
    await becomes("it is known", ({ fan, conditions }) => fan.state === "failed" && conditions.length > 0);
    await messages(1);
    assert.equal((await setFan(rig, "on")).status, 400);
    await pi.giveBack(SOC, FAN, "gpio-fan");
    assert.equal((await setFan(rig, "on")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 1);
    await becomes("all is well", ({ fan, conditions }) => fan.state === "on" && conditions.length === 0);
  });

  it("is taken anew when somebody has taken it away, and read back: a short circuit is no running fan", async (t) => {
    const { pi, rig, becomes } = await startCave(t);
    assert.equal((await setFan(rig, "on")).status, 200);
    writeFileSync("/sys/class/gpio/unexport", "529");
    assert.equal((await pi.line(SOC, FAN)).direction, "in");
    const gone = await becomes("it has failed", ({ fan }) => fan.state === "failed");
    assert.match(String(gone.fan.fault), /GPIO17 .*; it was taken away: ENODEV/);
    assert.equal((await setFan(rig, "on")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 1);

    writeFileSync("/sys/class/gpio/gpio529/value", "0");
    const other = await becomes("it has failed", ({ fan }) => fan.state === "failed");
    assert.match(String(other.fan.fault), /set active and reads the contrary/);
    writeFileSync("/sys/class/gpio/gpio529/direction", "in");
    assert.equal((await setFan(rig, "off")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).direction, "out");

    await pi.short(SOC, FAN, 0);
    assert.equal((await setFan(rig, "on")).status, 400);
    const { fan } = await becomes("it has failed", (status) => status.fan.state === "failed");
    assert.match(String(fan.fault), /reads the contrary/);
    await pi.short(SOC, FAN, undefined);
    assert.equal((await setFan(rig, "on")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 1);
    await becomes("it runs", (status) => status.fan.state === "on" && status.conditions.length === 0);

    assert.equal((await setFan(rig, "off")).status, 200);
    writeFileSync("/sys/class/gpio/gpio529/direction", "in");
    assert.equal((await setFan(rig, "on")).status, 200, "an input is made an output within the command");
    const { level, history } = await pi.line(SOC, FAN);
    assert.deepEqual([level, history.at(-1)?.cause], [1, "direction high"]);
  });

  it("is missed where the kernel has no GPIO, and all but the fan goes on", async (t) => {
    const { agent, becomes, messages } = await startCave(t, { board: { gpioSysfs: false } });
    const { cause } = await agent.logged("fan-fault");
    assert.match(String(cause), /there is no \/sys\/class\/gpio, and there is no \/dev\/gpiochip\*/);
    await becomes("it has failed", ({ fan }) => fan.state === "failed");
    await messages(1);
  });
});
