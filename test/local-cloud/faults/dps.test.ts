import assert from "node:assert/strict";
import { test } from "node:test";
import type { LocalCloud } from "#cloud/index.js";
import { joinRaw, openRawDevice, PACKET } from "../raw-device.ts";
import { type Pair, register, startStage } from "../support.ts";

type TestContext = Parameters<typeof startStage>[0];

async function startCave(t: TestContext) {
  const stage = await startStage(t);
  return { ...stage, pair: await stage.ca.issueDevice({ commonName: "cave-01" }) };
}

function rawOptions(cloud: LocalCloud, pair: Pair) {
  const { host, idScope } = cloud.endpoints.dps;
  const userName = `${idScope}/registrations/cave-01/api-version=2019-03-31`;
  return { deviceId: "cave-01", pair, hostName: host, userName };
}

async function joinDps(t: TestContext, cloud: LocalCloud, pair: Pair) {
  const raw = await joinRaw(t, cloud, rawOptions(cloud, pair));
  raw.subscribe(1, "$dps/registrations/res/#");
  await raw.arrived(PACKET.suback);
  let asked = 0;
  return async (request: string) => {
    asked += 1;
    raw.publish(asked + 1, `$dps/registrations/${request}`, "{}");
    return (await raw.arrived(PACKET.publish, asked)).body.toString();
  };
}

test("a DPS that polls for ever says assigning to every poll, and is well again when cleared", async (t) => {
  const { cloud, pair } = await startCave(t);
  const ask = await joinDps(t, cloud, pair);
  cloud.faults.dps.pollForEver();
  const begun = await ask("PUT/iotdps-register/?$rid=1");
  const operationId = /"operationId":"([^"]+)"/.exec(begun)?.[1] ?? "";
  const poll = `GET/iotdps-get-operationstatus/?$rid=1&operationId=${operationId}`;
  for (let round = 1; round <= 3; round += 1) {
    const answer = await ask(poll);
    assert.match(answer, /res\/202\/\?\$rid=1&retry-after=0\.05/);
    assert.ok(answer.endsWith(`{"operationId":"${operationId}","status":"assigning"}`), answer);
  }
  cloud.faults.clear();
  assert.match(await ask(poll), /res\/200\/.*"status":"assigned"/s);
});

test("failing requests carry status and code; a 400 ends the SDK's registration, a 500 it repeats", async (t) => {
  const { cloud, pair } = await startCave(t);
  cloud.faults.dps.fail(1, 400, 400_207);
  const error: unknown = await register(cloud, "cave-01", pair).catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && "result" in error);
  assert.match(JSON.stringify(error.result), /"errorCode":400207/);
  const ask = await joinDps(t, cloud, pair);
  cloud.faults.dps.fail(2);
  for (let round = 1; round <= 2; round += 1) {
    assert.match(await ask("PUT/iotdps-register/?$rid=1"), /res\/500\/\?\$rid=1\{"errorCode":500000/);
  }
  assert.match(await ask("PUT/iotdps-register/?$rid=1"), /res\/202\//);
});

test("junk is no JSON, to registrations and polls", async (t) => {
  const { cloud, pair } = await startCave(t);
  const ask = await joinDps(t, cloud, pair);
  cloud.faults.dps.junk();
  for (const request of [
    "PUT/iotdps-register/?$rid=1",
    "GET/iotdps-get-operationstatus/?$rid=1&operationId=x",
  ]) {
    assert.match(await ask(request), /res\/200\/\?\$rid=1<html>no JSON<\/html>$/);
  }
});

test("refused connections get the CONNACK code, as often as told", async (t) => {
  const { cloud, pair } = await startCave(t);
  cloud.faults.dps.refuseConnections(5, 1);
  const raw = await openRawDevice(t, cloud, rawOptions(cloud, pair));
  assert.equal((await raw.arrived(PACKET.connack)).body[1], 5);
  cloud.faults.dps.refuseConnections();
  await assert.rejects(register(cloud, "cave-01", pair), /Server unavailable/);
  cloud.faults.clear();
  assert.equal((await register(cloud, "cave-01", pair)).status, "assigned");
});

test("the lines of DPS can be dropped too", async (t) => {
  const { cloud, pair } = await startCave(t);
  const raw = await joinRaw(t, cloud, rawOptions(cloud, pair));
  cloud.faults.dps.drop();
  assert.equal(await raw.ended(), "ECONNRESET");
});
