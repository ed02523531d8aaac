import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#agent/lib/clock.js";
import { startInside } from "../faults/in-process.js";
import { startCloud } from "../support/rig.js";

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
