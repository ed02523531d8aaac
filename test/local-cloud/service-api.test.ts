import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { request } from "node:https";
import { test } from "node:test";
import device from "azure-iot-device";
import type { LocalCloud } from "#cloud/index.js";
import {
  connectDevice,
  hubOf,
  joinDevice,
  serviceOf,
  servicePort,
  startStage,
  trustedCa,
  until,
} from "./support.ts";

test("the unchanged service SDK creates, reads, lists, updates and deletes devices", async (t) => {
  const { cloud } = await startStage(t);
  const { registry } = serviceOf(cloud);
  const { responseBody: created } = await registry.create({ deviceId: "cave-01" });
  assert.equal(created.deviceId, "cave-01");
  assert.equal(created.status, "enabled");
  await assert.rejects(registry.create({ deviceId: "cave-01" }), { name: "DeviceAlreadyExistsError" });
  await registry.create({ deviceId: "cave-00", status: "disabled" });
  const { responseBody: listed } = await registry.list();
  assert.deepEqual(
    listed.map(({ deviceId }) => deviceId),
    ["cave-00", "cave-01"],
  );
  const { responseBody: updated } = await registry.update({ deviceId: "cave-01", status: "disabled" });
  assert.equal(updated.status, "disabled");
  assert.notEqual(updated.etag, created.etag);
  await registry.delete("cave-01");
  await assert.rejects(registry.get("cave-01"), { name: "DeviceNotFoundError" });
  await assert.rejects(registry.getTwin("cave-01"), { name: "DeviceNotFoundError" });
  await assert.rejects(registry.delete("cave-01"), { name: "DeviceNotFoundError" });
});

test("twins: merge, replace, and If-Match", async (t) => {
  const { cloud } = await startStage(t);
  const { registry } = serviceOf(cloud);
  await registry.create({ deviceId: "cave-01" });
  const { responseBody: twin } = await registry.getTwin("cave-01");
  const stale = twin.etag;
  await twin.update({
    tags: { site: { row: 1, shelf: 2 } },
    properties: { desired: { targetTemperature: 12 } },
  });
  await twin.update({ tags: { site: { row: null } } });
  assert.deepEqual(twin.tags, { site: { shelf: 2 } });
  assert.equal(twin.properties.desired.targetTemperature, 12);
  assert.equal(twin.properties.desired.$version, 2, "tags alone do not count as a change of desired");
  const change = { tags: { lost: true } };
  await assert.rejects(registry.updateTwin("cave-01", change, stale), { name: "InvalidEtagError" });
  assert.equal((await registry.getTwin("cave-01")).responseBody.tags.lost, undefined);

  const desired = { fanMode: "auto" };
  const replaced = await call(cloud, "PUT", "/twins/cave-01", { properties: { desired } });
  assert.equal(replaced.status, 200);
  const { responseBody: after } = await registry.getTwin("cave-01");
  assert.equal(after.properties.desired.fanMode, "auto");
  assert.equal(after.properties.desired.targetTemperature, undefined);
  assert.deepEqual(after.tags, { site: { shelf: 2 } });
  const refused = await call(cloud, "PATCH", "/twins/cave-01", {
    properties: { desired: { ok: 1, "a b": 2 } },
  });
  assert.deepEqual([refused.status, refused.body.errorCode], [400, 400004]);
  const tags = Object.fromEntries(["a", "b", "c"].map((key) => [key, "x".repeat(3000)]));
  const tooLarge = await call(cloud, "PATCH", "/twins/cave-01", { tags });
  assert.deepEqual([tooLarge.status, tooLarge.body.errorCode], [413, 413001]);
});

test("a replaced desired section reaches the device with nulls for what is gone", async (t) => {
  const stage = await startStage(t);
  const { registry } = serviceOf(stage.cloud);
  const { client } = await joinDevice(t, stage, "cave-01");
  await registry.updateTwin("cave-01", { properties: { desired: { old: 1 } } }, "*");
  const twin = await client.getTwin();
  const told: object[] = [];
  twin.on("properties.desired", (change) => told.push({ ...change }));
  // The SDK subscribes in the background: an answer to a later request shows that the hub has seen it.
  await client.getTwin();
  await call(stage.cloud, "PUT", "/twins/cave-01", { properties: { desired: { new: 2 } } });
  const change = await until("the change", () => told.find((one) => "new" in one));
  assert.deepEqual(change, { old: null, new: 2, $version: 3 });
});

test("a query gives all twins page by page; any other is refused by name", async (t) => {
  const { cloud } = await startStage(t);
  const { registry } = serviceOf(cloud);
  for (const deviceId of ["c", "a", "e", "b", "d"]) await registry.create({ deviceId });
  const query = registry.createQuery("SELECT * FROM devices", 2);
  const pages: string[][] = [];
  while (query.hasMoreResults) {
    const { result } = await query.nextAsTwin();
    pages.push(result.map((twin: { deviceId: string }) => twin.deviceId));
  }
  assert.deepEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
  const other = registry.createQuery("SELECT deviceId FROM devices");
  await assert.rejects(other.nextAsTwin(), {
    name: "ArgumentError",
    message: /supports SELECT \* FROM devices alone/,
  });
});

test("a direct method reaches the device and its answer comes back", async (t) => {
  const stage = await startStage(t);
  const { client } = await joinDevice(t, stage, "cave-01");
  client.onDeviceMethod("SetFanState", (call, response) => {
    response.send(call.payload === "on" ? 200 : 400, { asked: call.payload }, () => undefined);
  });
  const { client: service } = serviceOf(stage.cloud);
  const invoke = async (payload: unknown) => {
    // The listener subscribes in the background: connectTimeout waits for that, too.
    const params = {
      methodName: "SetFanState",
      payload,
      responseTimeoutInSeconds: 10,
      connectTimeoutInSeconds: 5,
    };
    return (await service.invokeDeviceMethod("cave-01", params)).result;
  };
  assert.deepEqual(await invoke("on"), { status: 200, payload: { asked: "on" } });
  assert.deepEqual(await invoke({ state: "süd" }), { status: 400, payload: { asked: { state: "süd" } } });
});

test("a method waits for a device that is on its way, as long as the caller wants", async (t) => {
  const stage = await startStage(t);
  const { client, pair } = await joinDevice(t, stage, "cave-01");
  await client.getTwin();
  stage.cloud.hub.disconnect("cave-01");
  await until("it to be gone", () => stage.cloud.hub.connectedDevices().length === 0);
  const params = { methodName: "GetStatus", responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 60 };
  const answer = serviceOf(stage.cloud).client.invokeDeviceMethod("cave-01", params);
  const back = await connectDevice(t, stage.cloud, "cave-01", pair);
  back.onDeviceMethod("GetStatus", (_call, response) => response.send(200, "up", () => undefined));
  assert.deepEqual((await answer).result, { status: 200, payload: "up" });
});

test("a method is refused for an unknown, an offline and a silent device", async (t) => {
  const stage = await startStage(t);
  const { cloud } = stage;
  const method = { methodName: "GetStatus", responseTimeoutInSeconds: 5 };
  const unknown = await call(cloud, "POST", "/twins/nobody/methods", method);
  assert.deepEqual([unknown.status, unknown.body.errorCode], [404, 404001]);
  const { client } = await joinDevice(t, stage, "cave-01");
  await client.getTwin();
  const deaf = await call(cloud, "POST", "/twins/cave-01/methods", method);
  assert.deepEqual([deaf.status, deaf.body.errorCode], [404, 404103], "connected, but without its methods");
  client.onDeviceMethod("GetStatus", () => undefined);
  const silent = await call(cloud, "POST", "/twins/cave-01/methods", {
    ...method,
    connectTimeoutInSeconds: 5,
  });
  assert.deepEqual([silent.status, silent.body.errorCode], [504, 504101]);
  cloud.hub.disconnect("cave-01");
  await until("it to be gone", () => cloud.hub.connectedDevices().length === 0);
  const offline = await call(cloud, "POST", "/twins/cave-01/methods", {
    ...method,
    connectTimeoutInSeconds: 1,
  });
  assert.deepEqual([offline.status, offline.body.errorCode], [404, 404103]);
  const hasty = await call(cloud, "POST", "/twins/cave-01/methods", {
    ...method,
    responseTimeoutInSeconds: 1,
  });
  assert.deepEqual([hasty.status, hasty.body.errorCode], [400, 400004]);
});

test("a wrong, expired, foreign or missing signature is refused with 401003", async (t) => {
  const { cloud } = await startStage(t);
  const good = signature(cloud, {});
  assert.equal((await call(cloud, "GET", "/devices", undefined, good)).status, 200);
  assert.equal(
    (await call(cloud, "GET", "/devices", undefined, signature(cloud, { sr: "localhost/devices" }))).status,
    200,
  );
  const hostAndPort = encodeURIComponent(`localhost:${servicePort(cloud)}`);
  assert.equal(
    (await call(cloud, "GET", "/devices", undefined, signature(cloud, { sr: hostAndPort }))).status,
    200,
  );
  const bad: Record<string, string> = {
    missing: "",
    "another key": signature(cloud, { key: Buffer.alloc(32).toString("base64") }),
    expired: signature(cloud, { se: Math.floor(Date.now() / 1000) - 1 }),
    "later expiry than signed": good.replace(/se=(\d)/, "se=9$1"),
    "another hub": signature(cloud, { sr: "other.azure-devices.net" }),
    "another resource": signature(cloud, { sr: "localhost/twins" }),
    "another policy": signature(cloud, { skn: "device" }),
    "not encoded": good.replace(/sig=[^&]*/, "sig=%"),
  };
  for (const [name, header] of Object.entries(bad)) {
    const { status, body } = await call(cloud, "GET", "/devices", undefined, header);
    assert.deepEqual([status, body.errorCode], [401, 401003], name);
    assert.match(body.Message ?? "", /^ErrorCode:IotHubUnauthorizedAccess;/);
  }
  const wrongKey = hubOf(cloud).connectionString.replace(
    /SharedAccessKey=.*/,
    `SharedAccessKey=${"A".repeat(43)}=`,
  );
  await assert.rejects(serviceOf(cloud, wrongKey).registry.list(), { name: "UnauthorizedError" });
});

test("the telemetry extension gives messages as NDJSON, by device and from a number on", async (t) => {
  const stage = await startStage(t);
  const { cloud } = stage;
  const first = await joinDevice(t, stage, "cave-01");
  const second = await joinDevice(t, stage, "cave-02");
  await first.client.sendEvent(new device.Message("one"));
  await second.client.sendEvent(new device.Message("two"));
  await first.client.sendEvent(new device.Message("three"));
  const bodies = async (query: string) => {
    const { status, text, headers } = await call(cloud, "GET", `/local-cloud/telemetry${query}`);
    assert.equal(status, 200);
    assert.match(String(headers["content-type"]), /ndjson/);
    assert.equal(headers["local-cloud-last-sequence-number"], "3");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { body: string }).body);
  };
  assert.deepEqual(await bodies(""), ["one", "two", "three"]);
  assert.deepEqual(await bodies("?deviceId=cave-01"), ["one", "three"]);
  assert.deepEqual(await bodies("?after=1"), ["two", "three"]);
  assert.deepEqual(await bodies("?after=3"), []);
  assert.equal((await call(cloud, "GET", "/local-cloud/telemetry?after=x")).status, 400);
  assert.equal((await call(cloud, "GET", "/local-cloud/telemetry", undefined, "")).status, 401);
});

test("what is not supported is refused in Azure's shape", async (t) => {
  const { cloud } = await startStage(t);
  const missing = await call(cloud, "GET", "/jobs/v2");
  assert.deepEqual([missing.status, missing.body.errorCode], [404, 404000]);
  const notJson = await call(cloud, "PUT", "/devices/cave-01", "{");
  assert.deepEqual([notJson.status, notJson.body.errorCode], [400, 400006]);
  const otherId = await call(cloud, "PUT", "/devices/cave-01", { deviceId: "cave-02" });
  assert.deepEqual([otherId.status, otherId.body.errorCode], [400, 400004]);
  const noVersion = await call(cloud, "GET", "/devices", undefined, signature(cloud, {}), "");
  assert.deepEqual([noVersion.status, noVersion.body.errorCode], [400, 400001]);
});

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  body: { Message?: string; errorCode?: number };
}

/** One HTTPS request as curl would make it. */
function call(
  cloud: LocalCloud,
  method: string,
  path: string,
  body?: unknown,
  authorization = signature(cloud, {}),
  version = "api-version=2021-04-12",
): Promise<Answer> {
  const target = `${path}${path.includes("?") ? "&" : "?"}${version}`;
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  const where = {
    host: "localhost",
    port: servicePort(cloud),
    ca: trustedCa(cloud),
    method,
    path: target,
    headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(where, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const json = String(response.headers["content-type"]).includes("application/json");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: json ? JSON.parse(text) : {},
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

function signature(
  cloud: LocalCloud,
  change: { sr?: string; se?: number; skn?: string; key?: string },
): string {
  const kept = /SharedAccessKey=(.+)$/.exec(hubOf(cloud).connectionString)?.[1] ?? "";
  const {
    sr = "localhost",
    se = Math.floor(Date.now() / 1000) + 60,
    skn = "iothubowner",
    key = kept,
  } = change;
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`).digest("base64");
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${skn}`;
}
