import assert from "node:assert/strict";
import { test } from "node:test";
import device from "azure-iot-device";
import type { LocalCloud } from "#cloud/index.js";
import { joinRaw, openRawDevice, PACKET, type RawDevice } from "../raw-device.ts";
import { connectDevice, joinDevice, register, serviceOf, startStage, until } from "../support.ts";

const EVENTS = "devices/cave-01/messages/events/";

async function startDevice(t: Parameters<typeof startStage>[0]) {
  const stage = await startStage(t);
  const pair = await stage.ca.issueDevice({ commonName: "cave-01" });
  await register(stage.cloud, "cave-01", pair);
  const options = { deviceId: "cave-01", pair };
  const open = () => openRawDevice(t, stage.cloud, options);
  return { ...stage, pair, open, join: () => joinRaw(t, stage.cloud, options) };
}

/** Comes back when everything that was sent before has been handled. */
async function pingPong(raw: RawDevice): Promise<void> {
  const count = raw.of(PACKET.pingresp).length + 1;
  raw.ping();
  await raw.arrived(PACKET.pingresp, count);
}

function bodies(cloud: LocalCloud): string[] {
  return cloud.hub.telemetry().map(({ body }) => body);
}

function acknowledged(raw: RawDevice): number[] {
  return raw.of(PACKET.puback).map(({ body }) => body.readUInt16BE(0));
}

test("refuse answers with each CONNACK code, as often as told", async (t) => {
  const { cloud, open, join } = await startDevice(t);
  for (const code of [1, 2, 3, 4, 5] as const) {
    cloud.faults.hub.refuse(code, 1);
    const raw = await open();
    assert.equal((await raw.arrived(PACKET.connack)).body[1], code);
    await raw.ended();
    assert.deepEqual(cloud.faults.active()["local-hub"], {}, "used up");
  }
  await join();
});

test("refuse without a count holds until it is cleared, and the SDK reports it", async (t) => {
  const { cloud, pair } = await startDevice(t);
  cloud.faults.hub.refuse(3);
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    await assert.rejects(connectDevice(t, cloud, "cave-01", pair), /Server unavailable/);
  }
  cloud.faults.clear();
  await connectDevice(t, cloud, "cave-01", pair);
});

test("withheld PUBACKs: the message is in, the rest of the connection is well", async (t) => {
  const { cloud, join } = await startDevice(t);
  const raw = await join();
  cloud.faults.hub.withholdPubacks();
  raw.publish(1, EVENTS, "one");
  await pingPong(raw);
  assert.deepEqual(bodies(cloud), ["one"]);
  assert.deepEqual(acknowledged(raw), []);
  cloud.faults.hub.withholdPubacks(false);
  raw.publish(2, EVENTS, "two");
  await pingPong(raw);
  assert.deepEqual(acknowledged(raw), [2]);
});

test("duplicate PUBACKs come twice, and the SDK bears them", async (t) => {
  const stage = await startStage(t);
  const { cloud } = stage;
  const { client, pair } = await joinDevice(t, stage, "cave-01");
  cloud.faults.hub.duplicatePubacks();
  for (const text of ["one", "two"]) await client.sendEvent(new device.Message(text));
  assert.deepEqual(bodies(cloud), ["one", "two"]);
  const raw = await joinRaw(t, cloud, { deviceId: "cave-01", pair });
  raw.publish(9, EVENTS, "three");
  await pingPong(raw);
  assert.deepEqual(acknowledged(raw), [9, 9]);
});

test("a delayed PUBACK comes late while other answers come in time", async (t) => {
  const { cloud, join } = await startDevice(t);
  const raw = await join();
  cloud.faults.hub.delayPubacks(300);
  const begun = performance.now();
  raw.publish(1, EVENTS, "one");
  await pingPong(raw);
  assert.deepEqual(acknowledged(raw), []);
  await raw.arrived(PACKET.puback);
  assert.ok(performance.now() - begun >= 299);
});

test("PUBACKs after a reconnect come on the new connection", async (t) => {
  const { cloud, join } = await startDevice(t);
  const first = await join();
  cloud.faults.hub.pubacksAfterReconnect();
  first.publish(4, EVENTS, "four");
  first.publish(5, EVENTS, "five");
  await pingPong(first);
  assert.deepEqual(acknowledged(first), []);
  const second = await join();
  await second.arrived(PACKET.puback, 2);
  assert.deepEqual(acknowledged(second), [4, 5]);
  const third = await join();
  await pingPong(third);
  assert.deepEqual(acknowledged(third), [], "once is enough");
});

test("a connection lost before the PUBACK: the message is in, the device does not know", async (t) => {
  const { cloud, join } = await startDevice(t);
  cloud.faults.hub.loseConnectionBeforePuback();
  const raw = await join();
  raw.publish(1, EVENTS, "one");
  assert.equal(await raw.ended(), "ECONNRESET");
  assert.deepEqual(acknowledged(raw), []);
  assert.deepEqual(bodies(cloud), ["one"]);
  const again = await join();
  again.publish(1, EVENTS, "one");
  await again.arrived(PACKET.puback);
  assert.deepEqual(bodies(cloud), ["one", "one"]);
});

test("rejected messages end the connection and are not taken in", async (t) => {
  const { cloud, join } = await startDevice(t);
  cloud.faults.hub.rejectMessages(1);
  const raw = await join();
  raw.publish(1, EVENTS, "one");
  await raw.ended();
  assert.deepEqual(bodies(cloud), []);
  const again = await join();
  again.publish(1, EVENTS, "again");
  await again.arrived(PACKET.puback);
});

test("throttled: the burst passes, the queue is late, the rest ends the connection, all counted", async (t) => {
  const { cloud, join } = await startDevice(t);
  cloud.faults.hub.throttle(10, 3, 4);
  const raw = await join();
  const begun = performance.now();
  // Together within a few milliseconds: fewer than one message at this rate.
  for (let packetId = 1; packetId <= 7; packetId += 1) raw.publish(packetId, EVENTS, `${packetId}`);
  await pingPong(raw);
  const { passed, delayed, refused } = cloud.faults.hub.throttleCounts();
  assert.equal(passed + delayed, 7);
  assert.ok(passed >= 3 && delayed >= 1, JSON.stringify({ passed, delayed }));
  assert.equal(refused, 0);
  await raw.arrived(PACKET.puback, 7);
  assert.ok(performance.now() - begun >= 200, "7 messages, 3 at once, 4 at 10 a second");
  for (let packetId = 8; packetId <= 40; packetId += 1) raw.publish(packetId, EVENTS, `${packetId}`);
  await raw.ended();
  const counts = cloud.faults.hub.throttleCounts();
  assert.ok(counts.refused >= 1);
  assert.equal(counts.passed + counts.delayed, bodies(cloud).length);
});

test("a junk twin is no JSON, and a twin that never answers is silent; both are well again", async (t) => {
  const { cloud, join } = await startDevice(t);
  const raw = await join();
  raw.subscribe(1, "$iothub/twin/res/#");
  await raw.arrived(PACKET.suback);
  cloud.faults.hub.junkTwin();
  raw.publish(2, "$iothub/twin/GET/?$rid=a", "");
  const junk = (await raw.arrived(PACKET.publish)).body.toString();
  assert.match(junk, /\$iothub\/twin\/res\/200\/\?\$rid=a/);
  assert.match(junk, /<html>no JSON<\/html>$/);
  cloud.faults.hub.twinNeverAnswers();
  raw.publish(3, "$iothub/twin/GET/?$rid=b", "");
  await pingPong(raw);
  cloud.faults.clear();
  raw.publish(4, "$iothub/twin/GET/?$rid=c", "");
  assert.match((await raw.arrived(PACKET.publish, 2)).body.toString(), /\$rid=c.*"desired"/s);
});

test("the switches of one hub leave the others alone", async (t) => {
  const stage = await startStage(t, { hubs: ["north", "south"] });
  const { cloud, ca } = stage;
  cloud.dps.assignTo("south");
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const hostName = cloud.endpoints.hubs[1]?.hostName ?? "";
  cloud.faults.hub.refuse(3);
  const raw = await joinRaw(t, cloud, { deviceId: "cave-01", pair, hostName });
  cloud.faults.hubs.south?.drop();
  assert.equal(await raw.ended(), "ECONNRESET");
});

test("a device that the registry disables is dropped and refused with CONNACK 5 until it is enabled", async (t) => {
  const { cloud, open, join } = await startDevice(t);
  const { registry } = serviceOf(cloud);
  const raw = await join();
  const { responseBody: identity } = await registry.get("cave-01");
  await registry.update({ ...identity, status: "disabled" });
  await raw.ended();
  await until("the hub to see it gone", () => cloud.hub.connectedDevices().length === 0);
  const refused = await open();
  assert.equal((await refused.arrived(PACKET.connack)).body[1], 5);
  const { responseBody: now } = await registry.get("cave-01");
  await registry.update({ ...now, status: "enabled" });
  await join();
});
