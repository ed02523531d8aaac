import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#agent/lib/clock.js";
import { startInside } from "../faults/in-process.js";
import { createController } from "../support/hardware/fake-adapter.js";
import { createSht31Chip } from "../support/hardware/sht31-chip.js";
import { startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

test("a fan that reports a change while it opens finds an agent that is whole", async (t) => {
  const rig = await startCloud(t);
  const { agent, lines, logged } = await startInside(t, rig, systemClock, { host: "127.0.0.1:1" });
  await logged("fan-driver");
  await logged("fan");
  assert.deepEqual(
    lines.filter(({ event }) => event === "fan-fault"),
    [],
  );
  assert.equal(agent.status().fan.fault, null);
});

test("the hub is spoken to only once the cave was measured: the SDK would keep the event loop meanwhile", async (t) => {
  const rig = await startCloud(t);
  const chip = createSht31Chip({
    now: systemClock.monotonic,
    air: () => ({ temperature: 11, humidity: 90 }),
  });
  const controller = createController([[0x44, chip]]);
  controller.hang(true);
  const { agent, lines, logged } = await startInside(t, rig, systemClock, {
    machine: { openAdapter: controller.open },
    changes: { "sensor.source": "sht31", "fan.driver": "simulated" },
  });
  await until("it asks the sensor", () => controller.counts().underWay > 0);
  assert.equal(agent.status().connection.state, "starting");
  controller.hang(false);
  await logged("online");
  const order = lines.map(({ event }) => event).filter((event) => event === "fan" || event === "provisioned");
  assert.equal(order[0], "fan");
});
