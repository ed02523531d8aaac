import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import { spawnAgent } from "../../support/rig.ts";
import { until } from "../../support/until.ts";
import { AIR, startCave } from "./cave.ts";

/** The serial number of the model of the chip. */
const SERIAL = "0badcafe";

describe("an agent with a sensor on /dev/i2c-1", () => {
  it("sends exactly what is measured, and whose values they are", async (t) => {
    const { pi, rig, ledger, agent, messages } = await startCave(t);
    const airs = [AIR, { temperature: 11.41, humidity: 88.97 }, { temperature: 11.29, humidity: 88.31 }];
    for (const air of airs) {
      await pi.setAir(air);
      const isOfIt = ({ body }: (typeof ledger.received)[number]) =>
        body.temperature === air.temperature && body.humidity === air.humidity;
      await until("its message", () => ledger.received.some(isOfIt), { onTimeout: agent.output });
    }
    await messages(1);
    for (const { body, properties } of ledger.received) {
      const { temperature, humidity, source } = body;
      assert.ok(
        airs.some((air) => air.temperature === temperature && air.humidity === humidity),
        `${temperature} °C and ${humidity} %RH were never there`,
      );
      assert.deepEqual([source, properties.simulated, properties.quality], ["sht31", undefined, undefined]);
    }
    ledger.assertSound();
    await until("the twin names the sensor", async () => {
      const sensor = (await rig.service.getTwin("cave-01")).reported.sensor as JsonObject | undefined;
      return sensor?.source === "sht31" && sensor.serial === SERIAL && sensor.state === "ok";
    });
    const { status, payload } = await rig.service.invoke("cave-01", "ReadSensor", null);
    const { temperature, humidity, source } = payload as JsonObject;
    assert.deepEqual([status, { temperature, humidity }, source], [200, airs.at(-1), "sht31"]);
  });

  it("never simulates once the sensor has answered, not even with auto and after a restart", async (t) => {
    const { pi, config, agent, messages, assertMeasured } = await startCave(t, {
      changes: { "sensor.source": "auto" },
    });
    await pi.unplugSensor();
    await agent.logged("sensor-fault");
    await agent.stop();
    const next = spawnAgent(t, ["run", "--config", config]);
    await next.logged("sensor-fault");
    await pi.plugInSensor();
    await messages(2);
    assertMeasured();
  });
});
