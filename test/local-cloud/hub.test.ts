import assert from "node:assert/strict";
import { test } from "node:test";
import device from "azure-iot-device";
import { createTestCa } from "../support/pki.ts";
import { connectDevice, joinDevice, register, serviceOf, startStage, until } from "./support.ts";

const DAY = 86_400_000;

test("only a known, enabled device with its own certificate is let in", async (t) => {
  const { cloud, ca, directory } = await startStage(t);
  const { registry } = serviceOf(cloud);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await assert.rejects(connectDevice(t, cloud, "cave-01", pair), /Not authorized/, "unknown");
  await register(cloud, "cave-01", pair);
  assert.equal(cloud.hub.disconnect("cave-01"), false);

  const other = await ca.issueDevice({ commonName: "cave-02" });
  await assert.rejects(connectDevice(t, cloud, "cave-01", other), /Not authorized/, "another's certificate");
  const past = { notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) };
  const expired = await ca.issueDevice({ commonName: "cave-01", ...past });
  await assert.rejects(connectDevice(t, cloud, "cave-01", expired), /Not authorized/, "expired");
  const foreign = await (await createTestCa(directory, "foreign root")).issueDevice({
    commonName: "cave-01",
  });
  await assert.rejects(connectDevice(t, cloud, "cave-01", foreign), /Not authorized/, "foreign");

  const client = await connectDevice(t, cloud, "cave-01", pair);
  await until("the hub to see it", () => cloud.hub.connectedDevices().length === 1);
  assert.deepEqual(cloud.hub.connectedDevices(), ["cave-01"]);
  await client.getTwin();
  const { responseBody: identity } = await registry.get("cave-01");
  await registry.update({ ...identity, status: "disabled" });
  await until("the hub to see it gone", () => cloud.hub.connectedDevices().length === 0);
  await assert.rejects(connectDevice(t, cloud, "cave-01", pair), /Not authorized/, "disabled");
});

test("telemetry arrives with all its properties before it is acknowledged", async (t) => {
  const stage = await startStage(t);
  const { cloud } = stage;
  const modelId = "dtmi:cheesecave:CaveGateway;1";
  const { client } = await joinDevice(t, stage, "cave-01", { modelId });
  const heard: string[] = [];
  const stopListening = cloud.hub.onTelemetry((message) => heard.push(message.messageId ?? ""));

  const message = new device.Message(JSON.stringify({ temperature: 11.87 }));
  message.messageId = "cave-01-1";
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  message.properties.add("$.ctime", "2026-11-21T12:00:00.000Z");
  message.properties.add("fanAlert", "false");
  message.properties.add("städtle & käse", "a=b/c?d");
  await client.sendEvent(message);

  const [received, ...more] = cloud.hub.telemetry("cave-01");
  assert.ok(received);
  assert.deepEqual(more, []);
  const { enqueuedTimeUtc, ...rest } = received;
  assert.ok(Math.abs(Date.parse(enqueuedTimeUtc) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    sequenceNumber: 1,
    deviceId: "cave-01",
    messageId: "cave-01-1",
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTimeUtc: "2026-11-21T12:00:00.000Z",
    modelId,
    properties: { fanAlert: "false", "städtle & käse": "a=b/c?d" },
    body: '{"temperature":11.87}',
  });
  assert.deepEqual(heard, ["cave-01-1"]);

  stopListening();
  await client.sendEvent(message);
  await client.sendEvent(new device.Message("no id"));
  assert.deepEqual(heard, ["cave-01-1"]);
  assert.deepEqual(cloud.hub.telemetryCounts("cave-01"), { received: 3, unique: 1, withoutMessageId: 1 });
  assert.deepEqual(cloud.hub.telemetryCounts(), { received: 3, unique: 1, withoutMessageId: 1 });
  assert.deepEqual(cloud.hub.telemetryCounts("nobody"), { received: 0, unique: 0, withoutMessageId: 0 });
  assert.deepEqual(cloud.hub.telemetry("nobody"), []);
});

test("a device reads its twin, reports, and is told of desired changes with their version", async (t) => {
  const stage = await startStage(t);
  const { registry } = serviceOf(stage.cloud);
  const { client } = await joinDevice(t, stage, "cave-01");
  const twin = await client.getTwin();
  assert.equal(twin.properties.desired.$version, 1);
  const changes: { $version: number; targetTemperature?: number | null }[] = [];
  twin.on("properties.desired", (change) => changes.push(change));
  // The SDK subscribes in the background: an answer to a later request shows that the hub has seen it.
  await client.getTwin();
  await registry.updateTwin(
    "cave-01",
    { properties: { desired: { targetTemperature: 11, keep: { a: 1, b: 2 } } } },
    "*",
  );
  await until("the first change", () => changes.some((change) => change.targetTemperature === 11));
  await registry.updateTwin(
    "cave-01",
    { properties: { desired: { targetTemperature: null, keep: { a: null } } } },
    "*",
  );
  await until("the second change", () => changes.some((change) => change.$version === 3));
  assert.deepEqual((await client.getTwin()).properties.desired.keep, { b: 2 });

  await report(twin, { fanState: "on", sensor: { source: "simulated", serial: 7 } });
  await report(twin, { sensor: { serial: null } });
  const { responseBody } = await registry.getTwin("cave-01");
  const { desired, reported } = responseBody.properties;
  assert.deepEqual(withoutMetadata(desired), { keep: { b: 2 }, $version: 3 });
  assert.deepEqual(withoutMetadata(reported), {
    fanState: "on",
    sensor: { source: "simulated" },
    $version: 3,
  });
  assert.equal(desired.$metadata.keep.$lastUpdatedVersion, 3);
  assert.ok(!Number.isNaN(Date.parse(reported.$metadata.sensor.source.$lastUpdated)));
  assert.equal(reported.$metadata.sensor.serial, undefined);
});

test("a report beyond the hub's limits is refused whole", async (t) => {
  const stage = await startStage(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  const twin = await client.getTwin();
  const deep = JSON.parse(`${'{"a":'.repeat(11)}1${"}".repeat(11)}`);
  await assert.rejects(report(twin, { good: 1, "bad.key": 1 }), /reported\.bad\.key: a key must not/);
  await assert.rejects(report(twin, { good: 1, deep }), /nested deeper than 10/);
  await assert.rejects(report(twin, { text: "x".repeat(4097) }), /longer than 4096/);
  const big = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(4000)]));
  await assert.rejects(report(twin, big), /32768 are allowed/);
  assert.deepEqual((await client.getTwin()).properties.reported.good, undefined);
});

test("after a restart of the hub devices come back to the same port and their twin", async (t) => {
  const stage = await startStage(t);
  const { cloud } = stage;
  const { client, pair } = await joinDevice(t, stage, "cave-01");
  await client.getTwin();
  await cloud.hub.stop();
  await until("the connection to end", () => cloud.hub.connectedDevices().length === 0);
  await assert.rejects(connectDevice(t, cloud, "cave-01", pair), /ECONNREFUSED/);
  await serviceOf(cloud).registry.updateTwin(
    "cave-01",
    { properties: { desired: { targetTemperature: 9 } } },
    "*",
  );
  await cloud.hub.start();
  await cloud.hub.start();
  const again = await connectDevice(t, cloud, "cave-01", pair);
  assert.equal((await again.getTwin()).properties.desired.targetTemperature, 9);
});

function report(twin: device.Twin, patch: object): Promise<void> {
  return new Promise((resolve, reject) => {
    twin.properties.reported.update(patch, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

function withoutMetadata(section: Record<string, unknown>): Record<string, unknown> {
  const { $metadata: _, ...rest } = section;
  return rest;
}
