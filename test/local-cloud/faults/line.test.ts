import assert from "node:assert/strict";
import { test } from "node:test";
import { joinRaw, openRawDevice, PACKET } from "../raw-device.ts";
import { joinDevice, register, startStage, until } from "../support.ts";

const EVENTS = "devices/cave-01/messages/events/";

async function startDevice(t: Parameters<typeof startStage>[0]) {
  const stage = await startStage(t);
  const pair = await stage.ca.issueDevice({ commonName: "cave-01" });
  await register(stage.cloud, "cave-01", pair);
  const join = (keepAlive = 60) => joinRaw(t, stage.cloud, { deviceId: "cave-01", pair, keepAlive });
  return { ...stage, pair, join };
}

test("drop resets the connections, and the SDK notices", async (t) => {
  const stage = await startStage(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  const lost = new Promise<void>((resolve) => client.on("disconnect", () => resolve()));
  // Without a listener for twin or methods the SDK is silent about it.
  client.onDeviceMethod("Any", () => undefined);
  stage.cloud.faults.hub.drop();
  await lost;
  await until("the hub to see it", () => stage.cloud.hub.connectedDevices().length === 0);
});

test("drop is a TCP reset, not an orderly end", async (t) => {
  const { cloud, join } = await startDevice(t);
  const device = await join();
  cloud.faults.hub.drop();
  assert.equal(await device.ended(), "ECONNRESET");
});

test("in a blackhole no byte moves, not even when the hub gives the device up; afterwards all goes on", async (t) => {
  const { cloud, pair, join } = await startDevice(t);
  const device = await join();
  const other = await join();
  await until("the first to be taken over", () => device.socket.destroyed);
  cloud.faults.hub.blackhole();
  other.ping();
  other.publish(1, EVENTS, "held");
  const late = openRawDevice(t, cloud, { deviceId: "cave-02", pair });
  // The hub's own end of the connection does not reach the device either.
  cloud.hub.disconnect("cave-01");
  await until("the hub to have given it up", () => cloud.hub.connectedDevices().length === 0);
  assert.equal(cloud.hub.telemetryCounts().received, 0);
  assert.deepEqual(other.of(PACKET.pingresp), []);
  assert.equal(other.socket.destroyed, false);
  assert.deepEqual((await late).packets, []);

  cloud.faults.hub.blackhole(false);
  await other.ended();
  // A foreign client id: refused, which shows that the handshake went on.
  await (await late).arrived(PACKET.connack);
});

test("a device's keep-alive in a blackhole is answered once it is over", async (t) => {
  const { cloud, pair, join } = await startDevice(t);
  const device = await join();
  cloud.faults.hub.blackhole();
  device.ping();
  device.publish(7, EVENTS, "held");
  // A whole registration later: DPS is well, and the hub would have answered long ago.
  await register(cloud, "cave-01", pair);
  assert.equal(device.packets.length, 1, "nothing but the CONNACK");
  cloud.faults.clear();
  await device.arrived(PACKET.pingresp);
  await device.arrived(PACKET.puback);
  assert.equal(cloud.hub.telemetryCounts().received, 1);
});

test("half-open: what was open is dead, what comes new is well", async (t) => {
  const { cloud, join } = await startDevice(t);
  const dead = await join();
  cloud.faults.hub.halfOpen();
  dead.publish(1, EVENTS, "lost");
  const alive = await join();
  alive.publish(1, EVENTS, "alive");
  await alive.arrived(PACKET.puback);
  assert.equal(dead.packets.length, 1, "nothing but the CONNACK");
  assert.equal(dead.socket.destroyed, false);
  assert.deepEqual(
    cloud.hub.telemetry().map(({ body }) => body),
    ["alive"],
  );
  assert.deepEqual(cloud.faults.active()["local-hub"], { halfOpen: true });
});

test("stall makes every answer late and keeps their order", async (t) => {
  const { cloud, join } = await startDevice(t);
  const device = await join();
  cloud.faults.hub.stall(300);
  const begun = performance.now();
  for (let packetId = 1; packetId <= 20; packetId += 1) device.publish(packetId, EVENTS, "x");
  const last = await device.arrived(PACKET.puback, 20);
  assert.ok(performance.now() - begun >= 300);
  assert.deepEqual(
    device.of(PACKET.puback).map(({ body }) => body.readUInt16BE(0)),
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.equal(last.body.readUInt16BE(0), 20);
  cloud.faults.hub.stall(0);
  assert.deepEqual(cloud.faults.active()["local-hub"], {});
});
