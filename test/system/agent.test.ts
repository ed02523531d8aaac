import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#fleet/service/service.js";
import { checkReported, checkResponse, checkTelemetry, readModel } from "../support/dtdl.js";
import { startAgent, startCloud } from "../support/rig.js";
import { getStatus } from "../support/status.js";
import { until } from "../support/until.js";

const model = await readModel();
/** pino's number for it. */
const WARN = 40;
const MODEL = "dtmi:cheesecave:CaveGateway;1";

test("an agent provisions itself, and its telemetry arrives with all properties", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("provisioned");
  await agent.logged("online");
  const messages = await until("three messages", () => {
    const received = rig.cloud.hub.telemetry("cave-01");
    return received.length >= 3 && received;
  });
  for (const message of messages) {
    const body = JSON.parse(message.body) as { sequence: number; source: string };
    assert.deepEqual(checkTelemetry(model, body), []);
    assert.equal(message.messageId, `cave-01-${body.sequence}`);
    assert.equal(message.contentType, "application/json");
    assert.equal(message.contentEncoding, "utf-8");
    assert.equal(message.modelId, MODEL);
    assert.equal(message.properties.fanAlert, "false");
    assert.equal(message.properties.simulated, "true");
    assert.ok(
      Math.abs(Date.parse(message.creationTimeUtc ?? "") - Date.now()) < 60_000,
      message.creationTimeUtc,
    );
  }
  assert.deepEqual(
    rig.cloud.hub.telemetryCounts("cave-01").received,
    rig.cloud.hub.telemetryCounts("cave-01").unique,
  );
});

test("a start where nothing is wrong tells of no fault", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  assert.deepEqual(
    agent.lines.filter(({ level }) => Number(level) >= WARN),
    [],
  );
});

test("desired properties are acknowledged one by one, and the reported twin fits the model", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const { desired } = await rig.service.updateTwin("cave-01", {
    targetTemperature: "11.5",
    humidityBand: 900,
    fanMode: "on",
  });
  const reported = await until("acknowledgements", async () => {
    const twin = await rig.service.getTwin("cave-01");
    return "humidityBand" in twin.reported && twin.reported.fanState === "on" ? twin.reported : undefined;
  });
  const av = desired.$version ?? null;
  assert.deepEqual(reported.targetTemperature, { value: 11.5, ac: 200, av, ad: "applied" });
  assert.deepEqual(reported.fanMode, { value: "on", ac: 200, av, ad: "applied" });
  const refused = reported.humidityBand as JsonObject;
  assert.deepEqual([refused.value, refused.ac, refused.av], [5, 400, av]);
  assert.match(String(refused.ad), /humidityBand: 900 is not allowed/);
  const { $version: _, ...properties } = reported;
  assert.deepEqual(checkReported(model, properties), []);
  for (const key of ["fanState", "fanReason", "sensor", "firmware", "certificate", "outbox", "lastBoot"])
    assert.ok(key in properties, key);

  await rig.service.updateTwin("cave-01", { targetTemperature: null });
  await until("the default", async () => {
    const twin = await rig.service.getTwin("cave-01");
    return (twin.reported.targetTemperature as JsonObject).value === 12;
  });
});

test("direct methods: on, off, auto, bad, unknown, status and reading", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const invoke = (method: string, payload: Parameters<typeof rig.service.invoke>[2] = null) =>
    rig.service.invoke("cave-01", method, payload);

  const on = await invoke("SetFanState", "ON");
  assert.equal(on.status, 200);
  assert.deepEqual(checkResponse(model, "SetFanState", on.payload), []);
  const { overrideUntil, ...rest } = on.payload as JsonObject;
  assert.deepEqual(rest, { result: "Executed direct method: SetFanState", fanState: "on" });
  const minutes = (Date.parse(String(overrideUntil)) - Date.now()) / 60_000;
  assert.ok(minutes > 239 && minutes <= 240, `${minutes}`);
  assert.equal((await rig.service.getTwin("cave-01")).deviceId, "cave-01");
  assert.deepEqual(
    ((await invoke("SetFanState", { state: "off", minutes: 1 })).payload as JsonObject).fanState,
    "off",
  );
  await until("fanState reported", async () => {
    const { reported } = await rig.service.getTwin("cave-01");
    return reported.fanState === "off" && reported.fanReason === "override";
  });
  assert.deepEqual(((await invoke("SetFanState", "auto")).payload as JsonObject).overrideUntil, null);

  for (const bad of ["failed", "", 1, null, { state: "on", minutes: -1 }, ["on"]]) {
    const refused = await invoke("SetFanState", bad);
    assert.equal(refused.status, 400, JSON.stringify(bad));
    assert.equal((refused.payload as JsonObject).result, "Invalid parameter");
  }
  const unknown = await invoke("OpenTheDoor");
  assert.equal(unknown.status, 404);

  const status = await getStatus(rig);
  assert.equal(status.deviceId, "cave-01");
  assert.equal(status.connection.state, "online");
  assert.equal(status.reading?.source, "simulated");
  const reading = (await invoke("ReadSensor")).payload as JsonObject;
  assert.deepEqual(checkResponse(model, "ReadSensor", reading), []);
  assert.equal(reading.source, "simulated");
  assert.equal(typeof reading.temperature, "number");
});

test("after a hub restart the agent reconnects by itself, and reads what it missed", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const before = agent.lines.length;
  await rig.cloud.hub.stop();
  await agent.logged("offline", { after: before });
  await rig.service.updateTwin("cave-01", { targetTemperature: 9 });
  await rig.cloud.hub.start();
  await agent.logged("online", { after: before });
  await until("the missed change", async () => {
    const { reported } = await rig.service.getTwin("cave-01");
    return (reported.targetTemperature as JsonObject | undefined)?.value === 9;
  });
  const { lastSequence } = (await getStatus(rig)).outbox;
  await until("all samples taken meanwhile", () => {
    const sequences = new Set(
      rig.cloud.hub
        .telemetry("cave-01")
        .map(({ body }) => (JSON.parse(body) as { sequence: number }).sequence),
    );
    return Array.from({ length: lastSequence }, (_, index) => index + 1).every((sequence) =>
      sequences.has(sequence),
    );
  });
});

test("SIGTERM and SIGINT end it within 3 s, exit 0, nothing left waiting", async (t) => {
  const rig = await startCloud(t);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const agent = await startAgent(t, rig);
    await agent.logged("online");
    await until("telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").received > 0);
    const { code, took } = await agent.stop(signal);
    assert.equal(code, 0, agent.output());
    assert.ok(took < 3000, `${signal}: ${took} ms`);
    const stopped = await agent.logged("stopped");
    assert.equal((stopped.outbox as { waiting: number }).waiting, 0);
  }
});

test("sequence numbers go on after a restart, kill -9 among them: no id stands for two samples", async (t) => {
  const rig = await startCloud(t);
  for (const signal of ["SIGKILL", "SIGTERM", "SIGTERM"] as const) {
    const agent = await startAgent(t, rig);
    const before = rig.cloud.hub.telemetryCounts("cave-01").unique;
    await until("new telemetry", () => rig.cloud.hub.telemetryCounts("cave-01").unique > before + 1);
    await agent.stop(signal);
  }
  const bodies = new Map<string, string>();
  for (const { messageId = "", body } of rig.cloud.hub.telemetry("cave-01")) {
    assert.equal(bodies.get(messageId) ?? body, body, `${messageId} is sent again as it was`);
    bodies.set(messageId, body);
  }
  assert.ok(bodies.size >= 6, `${bodies.size}`);
});

test("neither keys nor certificates nor the ID scope are ever in the log", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig, { extra: '[log]\nlevel = "trace"' });
  await agent.logged("online");
  await agent.stop();
  assert.doesNotMatch(agent.output(), /BEGIN|PRIVATE|MII[A-Za-z0-9+/]{20}/);
  assert.ok(!agent.output().includes(rig.cloud.endpoints.dps.idScope));
});
