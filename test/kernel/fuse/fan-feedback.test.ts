import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCave } from "./cave.ts";
import { SOC } from "./pi/gpio-chip.ts";

const FAN = 17;
const CONTACT = 27;
const FEEDBACK = { "fan.feedbackLine": "GPIO27", "fan.feedbackWithin": "1s" };

describe("a fan that does not do what its line says", () => {
  it("is confirmed by its contact, and has failed when it stands still or runs on", async (t) => {
    const { pi, rig, agent, becomes } = await startCave(t, { changes: FEEDBACK });
    await pi.wire(SOC, FAN, CONTACT);
    const on = await rig.service.invoke("cave-01", "SetFanState", "on");
    assert.equal(on.status, 200, JSON.stringify(on.payload));
    assert.equal((await pi.line(SOC, CONTACT)).edge, "both");

    // Its motor dies.
    await pi.drive(SOC, CONTACT, 0);
    const { cause } = await agent.logged("fan-fault");
    assert.match(String(cause), /switched on, and the contact on GPIO27 has shown nothing of it/);
    const { conditions } = await becomes("it has failed", ({ fan }) => fan.state === "failed");
    assert.ok(
      conditions.some(({ code }) => code === "FAN_FAILED"),
      JSON.stringify(conditions),
    );
    assert.equal((await pi.line(SOC, FAN)).level, 1);

    await pi.drive(SOC, CONTACT, 1);
    await agent.logged("fan-recovered");
    await becomes("it runs", ({ fan, conditions: left }) => fan.state === "on" && left.length === 0);

    // Its relay sticks.
    await pi.short(SOC, CONTACT, 1);
    assert.equal((await rig.service.invoke("cave-01", "SetFanState", "off")).status, 400);
    const stuck = await becomes("it has failed", ({ fan }) => fan.state === "failed");
    assert.match(String(stuck.fan.fault), /switched off, and .* that it runs/);
    assert.equal((await pi.line(SOC, FAN)).level, 0);
  });
});
