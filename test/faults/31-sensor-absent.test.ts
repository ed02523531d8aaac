import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import { runToEnd, startAgent, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { writeConfig } from "./agents.ts";
import { openLedger } from "./ledger.ts";

describe("fault 31: a sensor that is absent (the sht31 itself comes with a later version)", () => {
  it("says simulated in the body and the properties of every message, in the twin, status and reading", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const agent = await startAgent(t, rig);
    await agent.logged("online");
    const invoke = async (method: string) =>
      (await rig.service.invoke("cave-01", method, null)).payload as JsonObject;
    assert.equal((await invoke("ReadSensor")).source, "simulated");
    const status = await invoke("GetStatus");
    assert.deepEqual(
      [(status.sensor as JsonObject).source, (status.reading as JsonObject).source],
      ["simulated", "simulated"],
    );
    await until("the twin says so too", async () => {
      const { reported } = await rig.service.getTwin("cave-01");
      return (reported.sensor as JsonObject | undefined)?.source === "simulated";
    });
    await until("some messages, an urgent one among them", async () => {
      if (ledger.received.length === 2) {
        await rig.service.updateTwin("cave-01", { targetTemperature: 30 });
      }
      return (
        ledger.received.length > 4 && ledger.received.some(({ properties }) => properties.temperatureAlert)
      );
    });
    await agent.stop();
    for (const { body, properties } of ledger.received) {
      assert.deepEqual([body.source, properties.simulated], ["simulated", "true"]);
    }
    ledger.assertSound();
    ledger.assertWhole(((await agent.logged("stopped")).outbox as { lastSequence: number }).lastSequence);
  });

  it("refuses a source that this version does not have, rather than simulate in its place", async (t) => {
    const rig = await startCloud(t);
    const config = await writeConfig(rig, { "sensor.source": "no-such-sensor" });
    const { code, output } = await runToEnd(t, ["run", "--config", config]);
    assert.equal(code, 78);
    assert.match(output, /^sensor\.source: .*simulated.*"no-such-sensor"/);
    assert.equal(rig.cloud.hub.telemetryCounts().received, 0);
  });
});
