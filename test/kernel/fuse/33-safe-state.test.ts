import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spawnAgent } from "../../support/rig.ts";
import { startCave } from "./cave.ts";
import { SOC } from "./pi/gpio-chip.ts";

const FAN = 17;

describe("fault 33: the agent, or its sensor, ends", () => {
  it("leaves the fan on if that is its safe state", async (t) => {
    const { pi, rig, agent } = await startCave(t, { changes: { "fan.safeState": "on" } });
    assert.equal((await rig.service.invoke("cave-01", "SetFanState", "off")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 0);
    assert.equal((await agent.stop()).code, 0, agent.output());
    assert.equal((await pi.line(SOC, FAN)).level, 1);
  });

  it("brings it to its safe state when there has been no reading for too long", async (t) => {
    const { pi, becomes } = await startCave(t, { changes: { "sensor.staleAfter": "2s" } });
    await pi.setAir({ temperature: 13.5 });
    await becomes("it cools", ({ fan }) => fan.state === "on");
    await pi.unplugSensor();
    await becomes("it is safe", ({ fan }) => fan.state === "off" && fan.reason === "stale-sample");
    assert.equal((await pi.line(SOC, FAN)).level, 0);
  });

  it("leaves the line to the next agent when it is killed, which goes on without a stumble", async (t) => {
    const { pi, rig, config, agent, becomes } = await startCave(t);
    const { status } = await rig.service.invoke("cave-01", "SetFanState", { state: "on", minutes: 60 });
    assert.equal(status, 200);
    await agent.stop("SIGKILL");
    const left = await pi.line(SOC, FAN);
    assert.deepEqual([left.owner, left.direction, left.level], ["sysfs", "out", 1]);

    const next = spawnAgent(t, ["run", "--config", config]);
    await next.logged("online");
    await becomes("it runs", ({ fan }) => fan.state === "on" && fan.reason === "override");
    assert.deepEqual((await pi.line(SOC, FAN)).history, left.history);
    assert.equal((await next.stop()).code, 0, next.output());
    assert.equal((await pi.line(SOC, FAN)).level, 0);
  });
});
