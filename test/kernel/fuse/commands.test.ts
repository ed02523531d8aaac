import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeConfig } from "../../faults/agents.ts";
import { runToEnd, startCloud } from "../../support/rig.ts";
import { AIR, GATEWAY, startCave } from "./cave.ts";
import { startPi } from "./pi/pi.ts";

describe("cave-agent read", () => {
  it("reads the sensor by itself, without configuration or certificate", async (t) => {
    const pi = await startPi(t, { air: AIR });
    const { code, output } = await runToEnd(t, ["read", "--bus", "1", "--json"]);
    assert.equal(code, 0, output);
    const { readAt, ...answer } = JSON.parse(output);
    assert.deepEqual(answer, { ...AIR, source: "sht31", serial: "0badcafe", by: "read" });
    assert.ok(Math.abs(Date.now() - Date.parse(readAt)) < 60_000, readAt);
    await pi.unplugSensor();
    const failed = await runToEnd(t, ["read", "--bus", "1"]);
    assert.equal(failed.code, 70);
    assert.match(failed.output, /^no SHT31 answers at 0x44 or 0x45 on \/dev\/i2c-1\n.*supply/);
  });

  it("shows the running agent's value, and leaves the chip to it", async (t) => {
    const { pi, config } = await startCave(t);
    const claims = async () => (await pi.busTransfers()).filter(({ kind }) => kind === "claim").length;
    const before = await claims();
    const { code, output } = await runToEnd(t, ["read", "--config", config]);
    assert.equal(code, 0, output);
    assert.match(
      output,
      /^11\.37 °C {2}88\.64 %RH {2}sht31 0badcafe {2}\(by the running agent, \d+ s ago\)$/m,
    );
    assert.equal(await claims(), before);
  });
});

describe("cave-agent doctor", () => {
  it("asks the sensor, and says what is wrong with it", async (t) => {
    const pi = await startPi(t);
    const rig = await startCloud(t);
    const config = await writeConfig(rig, GATEWAY);
    const sensorCheck = async () => {
      const { output } = await runToEnd(t, ["doctor", "--json", "--config", config]);
      const { checks } = JSON.parse(output) as { checks: { id: string; result: string; detail: string }[] };
      const { result, detail } = checks.find(({ id }) => id === "i2c") ?? {};
      return { result, detail };
    };
    assert.deepEqual(await sensorCheck(), {
      result: "ok",
      detail: "an SHT31 answers at 0x44 on /dev/i2c-1",
    });
    await pi.bindSensor("sht3x");
    assert.deepEqual(await sensorCheck(), {
      result: "failed",
      detail: "0x44 on /dev/i2c-1 belongs to the kernel's driver sht3x (EBUSY)",
    });
    await pi.bindSensor(undefined);
    await pi.unplugSensor();
    assert.deepEqual(await sensorCheck(), {
      result: "failed",
      detail: "no SHT31 answers at 0x44 or 0x45 on /dev/i2c-1",
    });
  });
});
