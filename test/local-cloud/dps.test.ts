import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestCa } from "../support/pki.ts";
import { openRaw } from "./raw-mqtt.ts";
import { GROUP, hubOf, register, serviceOf, startStage, until } from "./support.ts";

const DAY = 86_400_000;

/** What the SDK makes of a refusal of DPS. */
interface Refused {
  name: string;
  message: string;
  result: { errorCode?: number; message?: string; trackingId?: string; timestampUtc?: string };
}

async function refusal(work: Promise<unknown>): Promise<Refused> {
  const error: unknown = await work.then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  return error as Refused;
}

test("a device under the enrolled CA is assigned to the hub, which knows it then", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const payload = { modelId: "dtmi:cheesecave:CaveGateway;1" };
  const state = await register(cloud, "cave-01", pair, { payload });

  assert.equal(state.status, "assigned");
  assert.equal(state.substatus, "initialAssignment");
  assert.equal(state.assignedHub, hubOf(cloud).hostName);
  assert.equal(state.deviceId, "cave-01");
  assert.ok(!Number.isNaN(Date.parse(state.createdDateTimeUtc)));
  const { responseBody: device } = await serviceOf(cloud).registry.get("cave-01");
  assert.match(JSON.stringify(device.authentication), /"type":"certificateAuthority"/);
  const { responseBody: twin } = await serviceOf(cloud).registry.getTwin("cave-01");
  assert.equal(twin.modelId, payload.modelId);
});

test("a second registration keeps the device, its creation time and its twin", async (t) => {
  const { cloud, ca } = await startStage(t);
  const { registry } = serviceOf(cloud);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const first = await register(cloud, "cave-01", pair);
  await registry.updateTwin("cave-01", { tags: { site: "north" } }, "*");
  const second = await register(cloud, "cave-01", pair);
  assert.equal(second.createdDateTimeUtc, first.createdDateTimeUtc);
  const { responseBody: twin } = await registry.getTwin("cave-01");
  assert.deepEqual(twin.tags, { site: "north" });
});

test("registration ids that differ in case alone are one device", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  await register(cloud, "cave-01", pair);
  const again = await register(cloud, "CAVE-01", pair);
  assert.equal(again.deviceId, "cave-01");
});

test("a certificate of a foreign CA is refused with 401002", async (t) => {
  const { cloud, directory } = await startStage(t);
  const foreign = await createTestCa(directory, "foreign root");
  const pair = await foreign.issueDevice({ commonName: "cave-01" });
  const error = await refusal(register(cloud, "cave-01", pair));
  assert.equal(error.name, "UnauthorizedError");
  assert.equal(error.result.errorCode, 401002);
  assert.match(error.result.message ?? "", /CA certificate not found/);
  assert.ok(error.result.trackingId);
  assert.ok(error.result.timestampUtc);
});

test("a foreign CA with the enrolled CA's name does not pass", async (t) => {
  const { cloud, directory } = await startStage(t);
  const impostor = await createTestCa(directory, "test root");
  const pair = await impostor.issueDevice({ commonName: "cave-01" });
  const error = await refusal(register(cloud, "cave-01", pair));
  assert.equal(error.result.errorCode, 401002);
});

test("an expired and a not yet valid leaf are refused with 401002", async (t) => {
  const { cloud, ca } = await startStage(t);
  const now = Date.now();
  const cases = [
    { from: now - 2 * DAY, to: now - DAY / 2, says: /has expired/ },
    { from: now + DAY, to: now + 2 * DAY, says: /not yet valid/ },
  ];
  for (const { from, to, says } of cases) {
    const dates = { notBefore: new Date(from), notAfter: new Date(to) };
    const pair = await ca.issueDevice({ commonName: "cave-01", ...dates });
    const error = await refusal(register(cloud, "cave-01", pair));
    assert.equal(error.result.errorCode, 401002);
    assert.match(error.result.message ?? "", says);
  }
});

test("a common name that is not the registration id is refused with 401002", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-02" });
  const error = await refusal(register(cloud, "cave-01", pair));
  assert.equal(error.result.errorCode, 401002);
  assert.match(error.result.message ?? "", /'cave-02' is not the registration id 'cave-01'/);
});

test("an unknown ID scope is refused with 404201", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const error = await refusal(register(cloud, "cave-01", pair, { idScope: "0ne0000000" }));
  assert.equal(error.name, "DeviceNotFoundError");
  assert.equal(error.result.errorCode, 404201);
});

test("a disabled group gives status disabled and no hub, an enabled one the hub again", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  cloud.dps.setProvisioningStatus(GROUP, "disabled");
  const error = await refusal(register(cloud, "cave-01", pair));
  assert.equal(error.message, "status is disabled");
  const { registrationState } = error.result as {
    registrationState?: { status: string; assignedHub?: string };
  };
  assert.equal(registrationState?.status, "disabled");
  assert.equal(registrationState?.assignedHub, undefined);

  cloud.dps.setProvisioningStatus(GROUP, "enabled");
  assert.equal((await register(cloud, "cave-01", pair)).status, "assigned");
  assert.throws(
    () => cloud.dps.setProvisioningStatus("nobody", "disabled"),
    /there is no enrollment group nobody/,
  );
});

test("throttled requests are answered 429 with retry-after, and go through afterwards", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  cloud.faults.dps.throttle(2, 0.2);
  const begun = Date.now();
  const state = await register(cloud, "cave-01", pair);
  assert.equal(state.status, "assigned");
  // The SDK's own pause is 2 s: that it was faster, and not faster than two pauses, shows that retry-after arrived.
  const took = Date.now() - begun;
  assert.ok(took >= 400, `two pauses of 0.2 s, took ${took} ms`);
  assert.ok(took < 2000, `0.2 s and not 2 s, took ${took} ms`);
});

test("a DPS told never to answer takes the request and is silent", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  const { dps } = cloud.endpoints;
  const username = `${dps.idScope}/registrations/cave-01/api-version=2019-03-31`;
  const client = await openRaw(t, cloud, { host: dps.host, clientId: "cave-01", username, pair });
  const answered: string[] = [];
  client.onMessage((topic) => answered.push(topic));
  await client.subscribe("$dps/registrations/res/#");
  cloud.faults.dps.neverAnswer();
  // Its PUBACK: DPS has it.
  await client.publish("$dps/registrations/PUT/iotdps-register/?$rid=first", "{}", 1);
  cloud.faults.clear();
  await client.publish("$dps/registrations/PUT/iotdps-register/?$rid=second", "{}", 1);
  await until("an answer", () => answered.length > 0);
  assert.match(answered.join(), /^\$dps\/registrations\/res\/202\/\?\$rid=second&retry-after=0\.05$/);
});
