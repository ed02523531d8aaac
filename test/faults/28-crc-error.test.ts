import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { statusSocketOf } from "#agent/health/socket-path.js";
import { systemClock } from "#agent/lib/clock.js";
import { createController } from "../support/hardware/fake-adapter.ts";
import { createSht31Chip } from "../support/hardware/sht31-chip.ts";
import { startCloud } from "../support/rig.ts";
import { getStatus } from "../support/status.ts";
import { until } from "../support/until.ts";
import { startInside } from "./in-process.ts";
import { openLedger, type Received } from "./ledger.ts";

describe("fault 28: words of the sensor that are damaged on their way", () => {
  it("are dropped and counted, and no other value reaches the hub than those that were measured", async (t) => {
    const { rig, chip, ledger, assertMeasured } = await startCave(t);
    for (let damaged = 0; damaged < 12; damaged += 1) {
      // One bit of the first word, one of the second, or one of each; each time another one.
      chip.faults.corruptNext = damaged % 3 === 2 ? [1, 1] : [(damaged + 1) % 2, damaged % 2];
      const before = conversions(chip);
      await until(
        "the next reading",
        () => conversions(chip) > before + 1 && !chip.faults.corruptNext.some(Boolean),
      );
    }
    const { sensor, conditions } = await getStatus(rig);
    assert.ok((sensor.faults?.crc ?? 0) >= 12, JSON.stringify(sensor.faults));
    assert.deepEqual([sensor.state, conditions], ["ok", []]);
    assert.ok(ledger.received.length > 3);
    assertMeasured(ledger.received);
    ledger.assertSound();
  });

  it("are no reading while every one is, which is told; then values come again", async (t) => {
    const { rig, chip, ledger, assertMeasured, metric, inside } = await startCave(t);
    chip.faults.corruptNext = [0, Number.POSITIVE_INFINITY];
    const fault = await inside.logged("sensor-fault");
    assert.match(String(fault.cause), /0x44 on \/dev\/i2c-1: .*the CRC does not fit/);
    assert.match(String(fault.remedy), /cable/);
    const atFault = ledger.received.length;
    const { sensor, conditions } = await getStatus(rig);
    assert.equal(sensor.state, "failed");
    const [condition] = conditions;
    assert.deepEqual([condition?.code, conditions.length], ["SENSOR_FAULT", 1]);
    assert.match(condition?.cause ?? "", /CRC/);
    const counted = await metric('cave_sensor_faults_total{kind="crc"}');
    assert.ok(counted >= 4, String(counted));
    await until(
      "more of them",
      async () => (await metric('cave_sensor_faults_total{kind="crc"}')) > counted + 8,
    );
    // One may have been on its way.
    assert.ok(ledger.received.length <= atFault + 1);

    chip.faults.corruptNext = [0, 0];
    const atEnd = ledger.received.length;
    await until("values", () => ledger.received.length > atEnd + 1);
    assert.deepEqual((await getStatus(rig)).conditions, []);
    assertMeasured(ledger.received);
    ledger.assertSound();
  });
});

function conversions(chip: ReturnType<typeof createSht31Chip>): number {
  return chip.told().filter(({ bytes }) => bytes === "2400").length;
}

/** A whole agent and its cloud; only the chip and the wires to it are ours. */
async function startCave(t: TestContext) {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const measured = new Set<string>();
  let step = 0;
  const chip = createSht31Chip({
    now: systemClock.monotonic,
    air() {
      step += 1;
      const air = { temperature: 11 + (step % 100) / 100, humidity: 90 + (step % 7) / 10 };
      measured.add(`${air.temperature.toFixed(2)} ${air.humidity.toFixed(2)}`);
      return air;
    },
  });
  const controller = createController([[0x44, chip]]);
  const inside = await startInside(t, rig, systemClock, {
    machine: { openAdapter: controller.open },
    changes: { "sensor.source": "sht31", "cave.telemetryInterval": 1 },
  });
  await inside.logged("online");
  await until("the first message", () => ledger.received.length > 0);

  function assertMeasured(received: readonly Received[]): void {
    for (const { body, properties } of received) {
      const value = `${body.temperature.toFixed(2)} ${body.humidity.toFixed(2)}`;
      assert.ok(measured.has(value), `${value} was never measured`);
      assert.deepEqual([body.source, properties.quality], ["sht31", undefined]);
    }
  }

  async function metric(name: string): Promise<number> {
    const socketPath = statusSocketOf(inside.config);
    const body = await new Promise<string>((resolve, reject) => {
      const asked = request({ socketPath, path: "/metrics", agent: false }, (response) =>
        resolve(text(response)),
      );
      asked.once("error", reject).end();
    });
    const line = body.split("\n").find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length));
  }

  return { rig, chip, ledger, assertMeasured, metric, inside };
}
