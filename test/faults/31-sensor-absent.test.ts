import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { systemClock } from "#agent/lib/clock.js";
import type { JsonObject } from "#fleet/service/service.js";
import { createController } from "../support/hardware/fake-adapter.ts";
import { createSht31Chip } from "../support/hardware/sht31-chip.ts";
import { runToEnd, startAgent, startCloud } from "../support/rig.ts";
import { getStatus } from "../support/status.ts";
import { until } from "../support/until.ts";
import { writeConfig } from "./agents.ts";
import { startInside } from "./in-process.ts";
import { openLedger } from "./ledger.ts";

/** An agent on a gateway whose I2C bus has nothing on it yet. */
async function startBare(t: TestContext, source: string) {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const controller = createController();
  const inside = await startInside(t, rig, systemClock, {
    machine: { openAdapter: controller.open },
    changes: { "sensor.source": source },
  });
  await inside.logged("online");
  const plug = () => {
    const air = () => ({ temperature: 12 + Math.random(), humidity: 90 });
    controller.slaves.set(0x44, createSht31Chip({ now: systemClock.monotonic, air }));
  };
  return { rig, ledger, controller, plug, inside };
}

describe("fault 31: a sensor that is absent", () => {
  it("sends nothing while no sht31 answers, says so, and sends what it measures as soon as one does", async (t) => {
    const { rig, ledger, plug, inside } = await startBare(t, "sht31");
    const fault = await inside.logged("sensor-fault");
    assert.match(String(fault.cause), /no SHT31 answers at 0x44 or 0x45 on \/dev\/i2c-1/);
    assert.match(String(fault.remedy), /supply/);
    await inside.logged("condition-raised");
    const { sensor, reading, conditions } = await getStatus(rig);
    assert.deepEqual([sensor.source, sensor.state, reading], ["sht31", "failed", null]);
    assert.ok((sensor.faults?.nack ?? 0) > 0);
    assert.ok(conditions.some(({ code }) => code === "SENSOR_FAULT"));
    assert.equal(ledger.received.length, 0);
    plug();
    await until("measured values", () => ledger.received.length > 2);
    for (const { body, properties } of ledger.received) {
      assert.deepEqual([body.source, properties.simulated], ["sht31", undefined]);
    }
    const named = await until("the twin names the sensor", async () => {
      const { reported } = await rig.service.getTwin("cave-01");
      const sensor = reported.sensor as JsonObject | undefined;
      return sensor?.serial === "0badcafe" && sensor.state === "ok" && sensor;
    });
    assert.deepEqual(named, { source: "sht31", serial: "0badcafe", state: "ok" });
    ledger.assertSound();
  });

  it("simulates with auto when none answers, says so loudly and in every message, and stays with it", async (t) => {
    const { rig, ledger, plug, inside } = await startBare(t, "auto");
    const { level, msg } = await inside.logged("sensor-simulated");
    assert.equal(level, 40);
    assert.match(msg, /every value is SIMULATED/);
    plug();
    await until("some messages", () => ledger.received.length > 3);
    for (const { body, properties } of ledger.received) {
      assert.deepEqual([body.source, properties.simulated], ["simulated", "true"]);
    }
    assert.equal((await getStatus(rig)).sensor.source, "simulated");
  });

  it("never simulates with auto when a sensor has answered, not after a restart either", async (t) => {
    const { rig, ledger, controller, plug, inside } = await startBare(t, "sht31");
    plug();
    await until("a measured value", () => ledger.received.length > 0);
    await inside.stop();
    const changes = { "sensor.source": "auto" };
    const second = await startInside(t, rig, systemClock, {
      machine: { openAdapter: controller.open },
      changes,
    });
    await until("values of the sensor", () => second.agent.status().reading?.source === "sht31");
    await second.stop();
    controller.slaves.clear();
    const third = await startInside(t, rig, systemClock, {
      machine: { openAdapter: controller.open },
      changes,
    });
    await third.logged("sensor-fault");
    assert.equal(third.agent.status().sensor.source, "sht31");
    assert.ok(!third.lines.some(({ event }) => event === "sensor-simulated"));
    await third.stop();
    for (const { body } of ledger.received) assert.equal(body.source, "sht31");
  });

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
