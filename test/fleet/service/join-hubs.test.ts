import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { joinHubs } from "#fleet/service/join-hubs.js";
import { openService } from "#fleet/service/sdk.js";
import type { Service } from "#fleet/service/service.js";
import { joinDevice, register, type Stage, startStage } from "../../local-cloud/support.ts";
import { defer } from "../../support/cleanup.ts";

/** A local cloud of two hubs, cave-01 at the first and cave-02 at the second, both connected. */
async function openWorld(t: TestContext): Promise<{ stage: Stage; services: Service[]; service: Service }> {
  const stage = await startStage(t, { hubs: ["north", "south"] });
  for (const [hub, cave] of [
    ["north", "cave-01"],
    ["south", "cave-02"],
  ] as const) {
    stage.cloud.dps.assignTo(hub);
    const { client } = await joinDevice(t, stage, cave);
    client.onDeviceMethod("Where", (_request, response) => {
      response.send(200, cave).catch(() => undefined);
    });
  }
  const { hubs, trustedCaFile } = stage.cloud.endpoints;
  const services = hubs.map(({ connectionString }) => openService(connectionString, { trustedCaFile }));
  const service = joinHubs(services);
  defer(t, () => service.close());
  return { stage, services, service };
}

test("each device is asked at the hub that has it; a list holds them all", async (t) => {
  const { service } = await openWorld(t);
  for (const cave of ["cave-02", "cave-01", "cave-02"]) {
    assert.deepEqual(await service.invoke(cave, "Where", null), { status: 200, payload: cave });
    assert.equal((await service.getTwin(cave)).deviceId, cave);
  }
  assert.equal((await service.updateTwin("cave-02", { targetTemperature: 9 })).desired.targetTemperature, 9);
  assert.deepEqual(await service.devices(), ["cave-01", "cave-02"]);
});

test("a device that has moved is found again", async (t) => {
  const { stage, service } = await openWorld(t);
  assert.equal((await service.getTwin("cave-01")).deviceId, "cave-01");
  stage.cloud.dps.assignTo("south");
  await register(stage.cloud, "cave-01", await stage.ca.issueDevice({ commonName: "cave-01" }));
  assert.equal((await service.getTwin("cave-01")).deviceId, "cave-01");
  assert.deepEqual(await service.devices(), ["cave-01", "cave-02"]);
});

test("a device that no hub knows is said to be so, with all of them; what its hub says of it is said", async (t) => {
  const { services, service } = await openWorld(t);
  await assert.rejects(service.getTwin("cave-99"), (error: Error & { code?: string }) => {
    for (const { hub } of services) assert.ok(error.message.includes(hub), error.message);
    return error.code === "404001" && /knows a device cave-99/.test(error.message);
  });
  await assert.rejects(service.invoke("cave-02", "Silent", null, { timeout: 5 }), /cave-02/);
});

test("a hub that is down keeps no other from being asked, and is named for a device that no other has", async (t) => {
  const { services } = await openWorld(t);
  const down = openService("HostName=localhost:1;SharedAccessKeyName=x;SharedAccessKey=eA==");
  const joined = joinHubs([down, ...services]);
  defer(t, () => down.close());
  assert.equal((await joined.getTwin("cave-02")).deviceId, "cave-02");
  await assert.rejects(joined.getTwin("cave-99"), { code: "ECONNREFUSED", message: /localhost:1/ });
});

test("the one hub of most is used as it is", async (t) => {
  const { services } = await openWorld(t);
  const [only] = services;
  assert.ok(only);
  assert.equal(joinHubs([only]), only);
});

test("cave-fleet finds every cave of a local cloud with several hubs", async (t) => {
  const { stage } = await openWorld(t);
  const cli = fileURLToPath(new URL("../../../../fleet/bin/cave-fleet.js", import.meta.url));
  const { CAVE_HUB_CONNECTION_STRING: _, ...env } = process.env;
  const run = async (...words: string[]) => {
    const state = ["--state", join(stage.directory, "state")];
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...words, ...state], { env });
    return stdout;
  };
  for (const cave of ["cave-01", "cave-02"]) {
    assert.equal(await run("invoke", cave, "Where"), `200\n"${cave}"\n`);
    assert.match(await run("twin", cave), new RegExp(`"deviceId": "${cave}"`));
  }
  const rows = (await run("watch", "--once", "--json")).trim().split("\n");
  assert.deepEqual(
    rows.map((row) => (JSON.parse(row) as { cave: string }).cave),
    ["cave-01", "cave-02"],
  );
});
