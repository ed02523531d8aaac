import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { startLocalCloud } from "#cloud/index.js";
import { defer } from "../support/cleanup.ts";
import { joinRaw, openRawDevice, PACKET } from "./raw-device.ts";
import { GROUP, joinDevice, register, type Stage, serviceOf, startStage } from "./support.ts";

const HUBS = ["north", "south"];

function connectionString({ cloud }: Stage, name: string): string {
  return cloud.endpoints.hubs.find((hub) => hub.name === name)?.connectionString ?? "";
}

test("devices are spread over the hubs, each always to the same one", async (t) => {
  const { cloud, ca } = await startStage(t, { hubs: HUBS });
  assert.deepEqual(Object.keys(cloud.hubs), HUBS);
  assert.equal(cloud.hub, cloud.hubs.north);
  const assigned = new Map<string, string | undefined>();
  for (let index = 1; index <= 12; index += 1) {
    const name = `cave-${index}`;
    const pair = await ca.issueDevice({ commonName: name });
    const { assignedHub } = await register(cloud, name, pair);
    assigned.set(name, assignedHub);
    if (index <= 3) assert.equal((await register(cloud, name, pair)).assignedHub, assignedHub);
  }
  const hosts = cloud.endpoints.hubs.map(({ hostName }) => hostName);
  assert.deepEqual(new Set(assigned.values()), new Set(hosts), "nobody of 12 on one of two hubs: 1 in 2,048");
});

test("a hub that was moved: the identity leaves the old one, the twin comes along", async (t) => {
  const stage = await startStage(t, { hubs: HUBS });
  const { cloud, ca } = stage;
  const [north, south] = cloud.endpoints.hubs;
  assert.ok(north && south);
  cloud.dps.assignTo("north");
  const { pair } = await joinDevice(t, stage, "cave-01");
  const old = await joinRaw(t, cloud, { deviceId: "cave-01", pair });
  const patch = { tags: { site: "hill" }, properties: { desired: { targetTemperature: 9 } } };
  await serviceOf(cloud, north.connectionString).registry.updateTwin("cave-01", patch, "*");

  cloud.dps.assignTo("south");
  const moved = await register(cloud, "cave-01", pair);
  assert.equal(moved.assignedHub, south.hostName);
  assert.equal(moved.substatus, "deviceDataMigrated");
  await old.ended();
  const refused = await openRawDevice(t, cloud, { deviceId: "cave-01", pair });
  assert.equal((await refused.arrived(PACKET.connack)).body[1], 5);
  await assert.rejects(
    serviceOf(cloud, north.connectionString).registry.get("cave-01"),
    /Not Found|not registered/i,
  );
  const { responseBody: twin } = await serviceOf(cloud, south.connectionString).registry.getTwin("cave-01");
  assert.deepEqual(twin.tags, { site: "hill" });
  assert.equal(twin.properties.desired.targetTemperature, 9);
  const raw = await joinRaw(t, cloud, { deviceId: "cave-01", pair, hostName: south.hostName });
  raw.publish(1, "devices/cave-01/messages/events/", "here");
  await raw.arrived(PACKET.puback);
  assert.equal(cloud.hubs.south?.telemetryCounts().received, 1);
  assert.equal(cloud.hubs.north?.telemetryCounts().received, 0);
  const second = await ca.issueDevice({ commonName: "cave-02" });
  assert.equal((await register(cloud, "cave-02", second)).substatus, "initialAssignment");
  assert.throws(() => cloud.dps.assignTo("west"), /there is no hub west/);
});

test("devices stay with their hub over a restart, also when it is left out for once; a key fits one hub", async (t) => {
  const stage = await startStage(t, { hubs: HUBS });
  const { ca, directory } = stage;
  const [northKey, southKey] = HUBS.map(
    (name) => /SharedAccessKey=(.*)$/.exec(connectionString(stage, name))?.[1],
  );
  assert.notEqual(northKey, southKey);
  stage.cloud.dps.assignTo("south");
  await register(stage.cloud, "cave-01", await ca.issueDevice({ commonName: "cave-01" }));
  await stage.cloud.close();
  const restart = (hubs: string[]) =>
    startLocalCloud({
      stateDirectory: `${directory}/state`,
      enrollmentGroups: [{ enrollmentGroupId: GROUP, certificateFile: ca.certificateFile }],
      hubs,
    });
  await (await restart(["north"])).close();
  const cloud = await restart(HUBS);
  defer(t, () => cloud.close());
  const kept = JSON.parse(readFileSync(`${directory}/state/state.json`, "utf8")).hubs as {
    name: string;
    devices: object[];
  }[];
  assert.deepEqual(
    kept.map(({ name, devices }) => [name, devices.length]),
    [
      ["north", 0],
      ["south", 1],
    ],
  );
});

test("a state file of one hub alone is read as the first hub's", async (t) => {
  const { cloud, ca, directory } = await startStage(t);
  await register(cloud, "cave-01", await ca.issueDevice({ commonName: "cave-01" }));
  await cloud.close();
  const file = `${directory}/state/state.json`;
  const { hubs, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...rest, version: 1, devices: hubs[0].devices }));
  const again = await startLocalCloud({ stateDirectory: `${directory}/state` });
  await again.close();
  const { version, hubs: kept } = JSON.parse(readFileSync(file, "utf8"));
  assert.equal(version, 2);
  assert.deepEqual(kept, hubs);
});

test("hub names that cannot be are refused with a remedy", async (t) => {
  const { directory } = await startStage(t);
  const start = (hubs: string[]) => startLocalCloud({ stateDirectory: `${directory}/other`, hubs });
  await assert.rejects(start(["no_underscore"]), /hub name 'no_underscore'/);
  await assert.rejects(start(["north", "North"]), /hubs north, North/);
  await assert.rejects(start(["dps"]), /hub name 'dps'/);
  await assert.rejects(start([]), /0 hubs/);
});
