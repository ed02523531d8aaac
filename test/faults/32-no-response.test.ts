import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { getStatus } from "../support/status.js";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { fanOf } from "./fan-calls.ts";
import { openLedger } from "./ledger.ts";

describe("fault 32: a relay that is dead: the humidity does not answer to the fan", () => {
  it("raises an alarm, keeps the fan on, and ends the alarm when the air moves after all", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    // This cave takes about six seconds to dry by 1 %RH: to an agent that waits for one second, its fan is dead.
    const agent = await startWith(t, rig, {
      "cave.targetHumidity": 60,
      "fan.responseAfter": "1s",
      "simulation.speed": 12,
    });
    await agent.logged("online");
    const raised = await until("the alarm", () =>
      agent.lines.find((line) => line.event === "condition-raised" && line.code === "FAN_NO_EFFECT"),
    );
    assert.match(raised.cause ?? "", /neither temperature nor humidity falls/);
    assert.ok(String(raised.remedy).length > 10);
    const document = await getStatus(rig);
    assert.ok(document.conditions.some(({ code }) => code === "FAN_NO_EFFECT"));
    assert.equal(document.fan.state, "on", "air that does not move yet is no reason to stop the fan");
    await until("the end of the alarm", () =>
      agent.lines.some((line) => line.event === "condition-cleared" && line.code === "FAN_NO_EFFECT"),
    );
    // It is off when it is found at the start; from then on it runs.
    const switches = fanOf(rig, agent).switches();
    assert.deepEqual(switches.slice(switches.indexOf("on")), ["on"]);
    await agent.stop();
    ledger.assertSound();
    ledger.assertWhole(((await agent.logged("stopped")).outbox as { lastSequence: number }).lastSequence);
  });
});
