import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { startCloud } from "../support/rig.ts";
import { startSession } from "./support.ts";

/** Nobody listens there. */
const NO_DPS = "localhost:1";

test("after ten failures, with the DPS out of reach, the old hub is tried again, in turn with the DPS", async (t) => {
  const rig = await startCloud(t);
  const { session, states, reached } = await startSession(t, rig, { dpsHost: NO_DPS });
  await reached("online");
  await rig.cloud.hub.stop();
  await reached("provisioning");
  const from = states.length;
  await reached("connecting", from);
  await reached("provisioning", from);
  await rig.cloud.hub.start();
  await reached("online", from);
  assert.equal(session.describe().hub, rig.cloud.endpoints.hubs[0]?.hostName);
});

test("told to provision anew, with the DPS out of reach, it comes back to the old hub and asks again next time", async (t) => {
  const rig = await startCloud(t);
  const { session, states, reached } = await startSession(t, rig, { dpsHost: NO_DPS });
  await reached("online");
  for (const tell of [session.reprovision, () => session.reconnect("test")]) {
    const from = states.length;
    tell();
    await reached("provisioning", from);
    await reached("online", from);
  }
});

test("an old hub that refuses is left for the one that the DPS names, and kept", async (t) => {
  const rig = await startCloud(t, { hubs: ["north", "south"] });
  rig.cloud.dps.assignTo("south");
  rig.cloud.faults.hub.refuse(5);
  const { session, states, reached, assignmentFile } = await startSession(t, rig);
  await reached("online");
  const south = rig.cloud.endpoints.hubs.find(({ name }) => name === "south")?.hostName;
  assert.equal(session.describe().hub, south);
  assert.equal((JSON.parse(readFileSync(assignmentFile, "utf8")) as { hub: string }).hub, south);
  assert.equal(states.filter((state) => state.startsWith("provisioning")).length, 1);
});
