import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import { until } from "../../support/until.ts";
import { startCave } from "./cave.ts";
import { SOC } from "./pi/gpio-chip.ts";

const FAN = 17;

describe("an agent with a fan on a line of /sys/class/gpio", () => {
  it("switches it as cave and hub ask, and the line never passes through another level", async (t) => {
    const { pi, rig, ledger, agent, becomes } = await startCave(t);
    assert.match(
      (await agent.logged("fan-driver")).msg,
      /fan driver sysfs: GPIO17 is line 17 \(number 529\) of gpiochip512/,
    );
    await pi.setAir({ temperature: 13.5 });
    await becomes("it cools", ({ fan }) => fan.state === "on" && fan.reason === "too-warm");
    assert.equal((await pi.line(SOC, FAN)).level, 1);
    await until("an alert of the temperature", () =>
      ledger.received.some(({ properties }) => properties.temperatureAlert === "true"),
    );
    await pi.setAir({ temperature: 11.2 });
    await becomes("it rests", ({ fan }) => fan.state === "off");
    assert.equal((await pi.line(SOC, FAN)).level, 0);

    for (const wish of ["on", "off", "on"]) {
      const { status, payload } = await rig.service.invoke("cave-01", "SetFanState", wish);
      assert.deepEqual([status, (payload as JsonObject).fanState], [200, wish]);
    }
    await becomes("it runs", ({ fan }) => fan.state === "on" && fan.reason === "override");
    assert.equal((await agent.stop()).code, 0, agent.output());
    const { history, ...line } = await pi.line(SOC, FAN);
    assert.deepEqual(line, { owner: "sysfs", direction: "out", level: 0, edge: "none", interrupts: 0 });
    assert.deepEqual(
      history.map(({ direction, level }) => `${direction} ${level}`),
      ["out 0", "out 1", "out 0", "out 1", "out 0", "out 1", "out 0"],
    );
  });

  it("is right with a relay that is on at a low level", async (t) => {
    const { pi, rig, agent } = await startCave(t, { changes: { "fan.activeLow": true } });
    assert.equal((await pi.line(SOC, FAN)).level, 1);
    assert.equal((await rig.service.invoke("cave-01", "SetFanState", "on")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 0);
    await agent.stop();
    const { history } = await pi.line(SOC, FAN);
    assert.deepEqual(
      history.map(({ direction, level }) => `${direction} ${level}`),
      ["out 1", "out 0", "out 1"],
    );
  });

  it("waits until udev has given it the files of the line", async (t) => {
    const { pi, rig, becomes } = await startCave(t, { board: { udevDelay: 500 } });
    await becomes("the fan is known", ({ fan }) => fan.state === "off");
    assert.equal((await rig.service.invoke("cave-01", "SetFanState", "on")).status, 200);
    assert.equal((await pi.line(SOC, FAN)).level, 1);
  });
});
