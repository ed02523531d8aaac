import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type device from "azure-iot-device";
import { waitForAcknowledgement } from "#fleet/service/acknowledgement.js";
import { openService } from "#fleet/service/sdk.js";
import type { Service } from "#fleet/service/service.js";
import { pollStatus } from "#fleet/view/poll.js";
import { hubOf, joinDevice, type Stage, startStage } from "../../local-cloud/support.ts";
import { defer } from "../../support/cleanup.ts";

interface World {
  stage: Stage;
  service: Service;
}

/** A local cloud, and our service port opened on it as `cave-fleet` does. */
async function openWorld(t: TestContext): Promise<World> {
  const stage = await startStage(t);
  const { trustedCaFile } = stage.cloud.endpoints;
  const service = openService(hubOf(stage.cloud).connectionString, { trustedCaFile });
  defer(t, () => service.close());
  return { stage, service };
}

function answer(client: device.Client, method: string, status: number, payload: unknown): void {
  client.onDeviceMethod(method, (_request, response) => {
    response.send(status, payload).catch(() => undefined);
  });
}

test("a method reaches the device with its payload, and its answer comes back", async (t) => {
  const { stage, service } = await openWorld(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  client.onDeviceMethod("Echo", (request, response) => {
    response.send(207, { got: request.payload }).catch(() => undefined);
  });
  for (const payload of ["on", 11, null, { state: "off", minutes: 10 }, [1, 2]]) {
    assert.deepEqual(await service.invoke("cave-01", "Echo", payload), {
      status: 207,
      payload: { got: payload },
    });
  }
});

test("unknown, offline and silent devices are told apart", async (t) => {
  const { stage, service } = await openWorld(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  client.onDeviceMethod("Silent", () => undefined);
  await assert.rejects(service.invoke("cave-99", "GetStatus", null), { name: "FleetError", code: "404001" });
  await assert.rejects(service.getTwin("cave-99"), { name: "FleetError", code: "404001" });
  await assert.rejects(service.invoke("cave-01", "Silent", null, { timeout: 5 }), {
    code: "504101",
    message: "cave-01 did not answer Silent within 5 s",
  });
  await client.close();
  await assert.rejects(service.invoke("cave-01", "GetStatus", null), {
    code: "404103",
    message: "cave-01 is offline",
  });
});

test("a twin is read and changed, and null removes a key", async (t) => {
  const { stage, service } = await openWorld(t);
  await joinDevice(t, stage, "cave-01", { modelId: "dtmi:cheesecave:CaveGateway;1" });
  const updated = await service.updateTwin("cave-01", { targetTemperature: 11, fanMode: "auto" });
  const twin = await service.getTwin("cave-01");
  assert.equal(twin.connected, true);
  assert.equal(twin.modelId, "dtmi:cheesecave:CaveGateway;1");
  assert.deepEqual(twin.desired, {
    targetTemperature: 11,
    fanMode: "auto",
    $version: updated.desired.$version,
  });
  const after = await service.updateTwin("cave-01", { fanMode: null });
  assert.equal(after.desired.fanMode, undefined);
  assert.ok(Number(after.desired.$version) > Number(updated.desired.$version));
});

test("an acknowledgement counts once it is for the new version", async (t) => {
  const { stage, service } = await openWorld(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  const twin = await client.getTwin();
  const report = (patch: object) =>
    new Promise<void>((resolve, reject) => {
      twin.properties.reported.update(patch, (error: Error | undefined) =>
        error ? reject(error) : resolve(),
      );
    });
  await report({ targetTemperature: { value: 12, ac: 200, av: 1, ad: "" } });
  const keys = ["targetTemperature", "humidityBand"];
  const updated = await service.updateTwin("cave-01", { targetTemperature: 999, humidityBand: 4 });
  const early = await waitForAcknowledgement(service, updated, keys, 0);
  assert.deepEqual([early.acknowledged, early.missing, early.connected], [[], keys, true]);

  const av = Number(updated.desired.$version);
  await report({
    targetTemperature: { value: 12, ac: 400, av, ad: "too warm for cheese" },
    humidityBand: { value: 4, ac: 200, av },
  });
  const { acknowledged, missing } = await waitForAcknowledgement(service, updated, keys, 5000);
  assert.deepEqual(missing, []);
  assert.deepEqual(acknowledged, [
    { key: "targetTemperature", accepted: false, removed: false, value: 12, reason: "too warm for cheese" },
    { key: "humidityBand", accepted: true, removed: false, value: 4, reason: "" },
  ]);
});

test("a removal counts once the device has its own value, or says nothing of it", async (t) => {
  const { stage, service } = await openWorld(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  const twin = await client.getTwin();
  const report = (patch: object) =>
    new Promise<void>((resolve, reject) => {
      twin.properties.reported.update(patch, (error: Error | undefined) =>
        error ? reject(error) : resolve(),
      );
    });
  const set = await service.updateTwin("cave-01", { targetTemperature: 11, humidityBand: 4 });
  await report({ targetTemperature: { value: 11, ac: 200, av: Number(set.desired.$version) } });

  const keys = ["targetTemperature", "humidityBand"];
  const unset = await service.updateTwin("cave-01", { targetTemperature: null, humidityBand: null });
  const early = await waitForAcknowledgement(service, unset, keys, 0);
  assert.deepEqual(early.missing, ["targetTemperature"], "what it acknowledged before is no answer");
  await report({ targetTemperature: { value: 12, ac: 203, av: 0, ad: "default" } });
  const { acknowledged } = await waitForAcknowledgement(service, unset, keys, 5000);
  assert.deepEqual(acknowledged, [
    { key: "targetTemperature", accepted: true, removed: true, value: 12, reason: "default" },
    { key: "humidityBand", accepted: true, removed: true, value: undefined, reason: "" },
  ]);
});

test("nobody waits for an offline device", async (t) => {
  const { stage, service } = await openWorld(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  await client.close();
  const updated = await service.updateTwin("cave-01", { targetTemperature: 11 });
  const started = performance.now();
  const outcome = await waitForAcknowledgement(service, updated, ["targetTemperature"], 60_000);
  assert.deepEqual(outcome, { acknowledged: [], missing: ["targetTemperature"], connected: false });
  assert.ok(performance.now() - started < 30_000);
});

test("all devices are listed and asked, whatever each of them does", async (t) => {
  const { stage, service } = await openWorld(t);
  const status = {
    connection: { state: "online" },
    reading: { temperature: 12, humidity: 90, source: "simulated" },
    sensor: { state: "ok" },
    fan: { state: "off", reason: "in-band" },
    outbox: { taken: 1, acknowledged: 1, waiting: 0, dropped: 0 },
  };
  const [good, gone, foreign] = await Promise.all(
    ["cave-01", "cave-02", "cave-03"].map((id) => joinDevice(t, stage, id)),
  );
  assert.ok(good && gone && foreign);
  answer(good.client, "GetStatus", 200, status);
  answer(foreign.client, "GetStatus", 404, null);
  await gone.client.close();
  const ids = await service.devices();
  assert.deepEqual(ids, ["cave-01", "cave-02", "cave-03"]);
  const rows = await pollStatus(service, ids);
  assert.deepEqual(
    rows.map((row) => [row.cave, row.connection, row.simulated]),
    [
      ["cave-01", "online", true],
      ["cave-02", "offline", false],
      ["cave-03", "unknown", false],
    ],
  );
});

test("a wrong key, a stopped cloud and a foreign CA are refused with what to do", async (t) => {
  const { stage } = await openWorld(t);
  const { connectionString } = hubOf(stage.cloud);
  const { trustedCaFile } = stage.cloud.endpoints;
  const using = (text: string, ca: string) => {
    const service = openService(text, { trustedCaFile: ca });
    defer(t, () => service.close());
    return service.devices();
  };
  const wrongKey = connectionString.replace(/SharedAccessKey=.*/, "SharedAccessKey=d3Jvbmc=");
  await assert.rejects(using(wrongKey, trustedCaFile), (error: Error) => {
    assert.ok("code" in error && String(error.code).startsWith("401"), String(error));
    return "remedy" in error;
  });
  await assert.rejects(using(connectionString, stage.ca.certificateFile), /is not trusted/);
  await stage.cloud.close();
  await assert.rejects(using(connectionString, trustedCaFile), { code: "ECONNREFUSED", remedy: /npm start/ });
});
