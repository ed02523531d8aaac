import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttBase } from "azure-iot-mqtt-base";
import type { LocalCloud } from "#cloud/index.js";
import { openRaw, type RawOptions } from "../raw-mqtt.ts";
import { hubOf, joinDevice, type Pair, register, startStage, trustedCa, until } from "../support.ts";

function hubUser(cloud: LocalCloud, deviceId: string): string {
  return `${hubOf(cloud).hostName}/${deviceId}/?api-version=2021-04-12`;
}

/** How cave-01 connects to its hub when it keeps to the rules. */
function asCave01(cloud: LocalCloud, pair: Pair): RawOptions {
  return { host: hubOf(cloud).hostName, clientId: "cave-01", username: hubUser(cloud, "cave-01"), pair };
}

test("whoever breaks the hub's rules is disconnected, and nothing is taken in", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const events = "devices/cave-01/messages/events/";
  const breaches: [name: string, topic: string, payload: string | Buffer, qos: 0 | 1 | 2][] = [
    ["QoS 2", events, "x", 2],
    ["another device's topic", "devices/cave-02/messages/events/", "x", 1],
    ["a device whose name begins alike", "devices/cave-01x/messages/events/", "x", 1],
    ["a topic of the hub's own", "$iothub/twin/PATCH/properties/desired/?$version=9", "{}", 0],
    ["any other topic", "hello", "x", 0],
    ["an inherited name as topic", "constructor/?$rid=1", "x", 0],
    ["a request without id", "$iothub/twin/GET/?", "", 0],
    ["more than 256 KB", events, Buffer.alloc(256 * 1024 + 1), 1],
    ["a bag that is not URL-encoded", `${events}a=%zz`, "x", 1],
  ];
  for (const [name, topic, payload, qos] of breaches) {
    const options = asCave01(cloud, pair);
    const client = await openRaw(t, cloud, options);
    assert.ok(client.isOpen());
    void client.publish(topic, payload, qos);
    await until(`${name} to end the connection`, () => !client.isOpen());
  }
  assert.equal(cloud.hub.telemetryCounts().received, 0);
});

test("a device subscribes to its own topics and to no others", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const options = asCave01(cloud, pair);
  const client = await openRaw(t, cloud, options);
  const own = ["$iothub/methods/POST/#", "$iothub/twin/res/#", "devices/cave-01/messages/devicebound/#"];
  for (const topic of own) assert.equal(await client.subscribe(topic), 0, topic);
  for (const topic of [
    "#",
    "+/+/#",
    "devices/cave-02/messages/devicebound/#",
    "devices/+/messages/events/#",
    "$SYS/#",
  ]) {
    assert.equal(await client.subscribe(topic), 128, topic);
  }
});

test("a second connection of a device takes over from the first", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const options = asCave01(cloud, pair);
  const first = await openRaw(t, cloud, options);
  const second = await openRaw(t, cloud, options);
  await until("the first to be ended", () => !first.isOpen());
  await second.publish("devices/cave-01/messages/events/", "x", 1);
  assert.equal(cloud.hub.telemetryCounts().received, 1);
  assert.deepEqual(cloud.hub.connectedDevices(), ["cave-01"]);
});

test("client id, user name and certificate must agree", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const { dps } = cloud.endpoints;
  const dpsUser = `${dps.idScope}/registrations/cave-01/api-version=2019-03-31`;
  const host = hubOf(cloud).hostName;
  const cases: [name: string, options: Omit<RawOptions, "pair">, says: RegExp][] = [
    [
      "hub, ids differ",
      { host, clientId: "cave-02", username: hubUser(cloud, "cave-01") },
      /Identifier rejected/,
    ],
    [
      "hub, no user name of a hub",
      { host, clientId: "cave-01", username: "cave-01" },
      /Bad username or password/,
    ],
    [
      "hub, another hub",
      { host, clientId: "cave-01", username: "other.azure-devices.net/cave-01/?api-version=2021-04-12" },
      /Not authorized/,
    ],
    ["DPS, ids differ", { host: dps.host, clientId: "cave-02", username: dpsUser }, /Identifier rejected/],
    [
      "DPS, no user name of DPS",
      { host: dps.host, clientId: "cave-01", username: "x/y" },
      /Bad username or password/,
    ],
  ];
  for (const [name, options, says] of cases) {
    await assert.rejects(openRaw(t, cloud, { ...options, pair }), says, name);
  }
});

test("the hub sees a client without a certificate off", async (t) => {
  const stage = await startStage(t);
  await joinDevice(t, stage, "cave-01");
  const { cloud } = stage;
  const username = hubUser(cloud, "cave-01");
  const base = new MqttBase();
  base.setOptions({ ca: trustedCa(cloud) });
  const attempt = new Promise<void>((resolve, reject) => {
    const config = {
      uri: `mqtts://${hubOf(cloud).hostName}`,
      clientId: "cave-01",
      username,
      sharedAccessSignature: "x",
    };
    base.connect(config, (error?: Error) => (error ? reject(error) : resolve()));
  });
  await assert.rejects(attempt, /Not authorized/);
  assert.deepEqual(cloud.hub.connectedDevices(), ["cave-01"], "the device itself stays");
});
