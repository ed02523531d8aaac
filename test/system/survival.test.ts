import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { askStatus } from "#agent/health/client.js";
import type { StatusDocument } from "#agent/health/status.js";
import { openSequence } from "#agent/outbox/sequence.js";
import { createAuthority } from "#fleet/certs/authority.js";
import type { JsonObject } from "#fleet/service/service.js";
import { startWith } from "../faults/agents.js";
import { appendNumbers, openReal } from "../faults/outbox.js";
import { checkResponse, readModel } from "../support/dtdl.js";
import { type CloudRig, startAgent, startCloud } from "../support/rig.js";
import { until } from "../support/until.js";

const statusOf = (rig: CloudRig) => askStatus(join(rig.folder, "cave-01.state", "status.sock"));

test("a reboot without the DPS goes straight to the hub that was assigned", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig);
  await first.logged("online");
  await first.stop();
  rig.cloud.faults.dps.neverAnswer(true);
  const again = await startAgent(t, rig);
  await again.logged("online");
  assert.ok(!again.lines.some(({ event }) => event === "provisioned"));
});

test("what is no sample goes, is counted and said, and does not hold up the samples after it", async (t) => {
  const rig = await startCloud(t);
  const state = join(rig.folder, "cave-01.state");
  mkdirSync(state);
  const sequence = await openSequence(join(state, "sequence"));
  const { outbox } = await openReal(join(state, "outbox"), { sequence });
  await appendNumbers(outbox, 1, 3);
  await outbox.close();
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  await until("telemetry", () => rig.cloud.hub.telemetryCounts().received > 0);
  const status = await statusOf(rig);
  assert.equal(status.outbox.dropped, 3);
  const said = agent.lines.find(({ code }) => code === "OUTBOX_DAMAGED");
  assert.match(String(said?.cause), /sample \d was dropped: what is kept as sample \d is none/);
});

test("settings and an override survive a restart, offline too, and the fan follows them", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig);
  await first.logged("online");
  await rig.service.updateTwin("cave-01", { targetTemperature: 9, fanMode: "off" });
  await until("the setting", async () => (await statusOf(rig)).settings.targetTemperature === 9);
  await rig.service.invoke("cave-01", "SetFanState", { state: "on", minutes: 30 });
  const { overrideUntil } = (await statusOf(rig)).fan;
  await first.stop("SIGKILL");
  await rig.cloud.hub.stop();
  const again = await startWith(t, rig, { "cave.targetHumidity": 80 });
  await again.logged("starting");
  const status = await until("the fan", async () => {
    const found = await statusOf(rig).catch(() => undefined);
    return found?.fan.state === "on" ? found : undefined;
  });
  assert.equal(status.settings.targetTemperature, 9);
  assert.equal(status.settings.fanMode, "off");
  // Edited in the configuration, and nothing that the twin holds.
  assert.equal(status.settings.targetHumidity, 80);
  assert.equal(status.fan.reason, "override");
  const drift = Date.parse(status.fan.overrideUntil ?? "") - Date.parse(overrideUntil ?? "");
  assert.ok(Math.abs(drift) < 5000, `${drift} ms`);
  assert.notEqual(status.connection.state, "online");
});

test("a new certificate takes over at SIGHUP; one of a foreign CA gives way to the one before", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const install = (pair: { certificatePem: string; keyPem: string }) => {
    for (const [name, text] of [
      ["cert.pem", pair.certificatePem],
      ["key.pem", pair.keyPem],
    ] as const) {
      const file = join(rig.folder, `cave-01.${name}`);
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
  };
  const thumbprint = async () =>
    ((await rig.service.getTwin("cave-01")).reported.certificate as JsonObject | undefined)?.thumbprint;
  const before = await until("the first thumbprint", thumbprint);

  install(await rig.authority.issueDevice({ commonName: "cave-01" }));
  agent.process.kill("SIGHUP");
  const second = await until(
    "the new thumbprint",
    async () => {
      const now = await thumbprint();
      return now !== before && now;
    },
    { onTimeout: agent.output },
  );

  const foreign = await createAuthority({ commonName: "Foreign CA" });
  install(await foreign.issueDevice({ commonName: "cave-01" }));
  const lines = agent.lines.length;
  agent.process.kill("SIGHUP");
  await agent.logged("certificate-fallback", { after: lines });
  await agent.logged("online", { after: lines, seconds: 40 });
  assert.equal(await thumbprint(), second);
});

test("Diagnose, SetLogLevel, Reprovision and Restart", async (t) => {
  const rig = await startCloud(t);
  const model = await readModel();
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const invoke = (method: string, payload: JsonObject | null = null) =>
    rig.service.invoke("cave-01", method, payload);

  const report = await invoke("Diagnose");
  assert.equal(report.status, 200);
  assert.deepEqual(checkResponse(model, "Diagnose", report.payload), []);
  assert.equal(
    ((report.payload as JsonObject).counts as JsonObject).failed,
    0,
    JSON.stringify(report.payload),
  );

  assert.deepEqual(await invoke("SetLogLevel", { level: "debug", minutes: 1 }), {
    status: 200,
    payload: { old: "info", new: "debug" },
  });
  for (const bad of [
    null,
    {},
    { level: "loud" },
    { level: "info", minutes: 0 },
    { level: "info", hours: 1 },
  ]) {
    assert.equal((await invoke("SetLogLevel", bad)).status, 400, JSON.stringify(bad));
  }

  const before = agent.lines.length;
  assert.equal((await invoke("Reprovision")).status, 202);
  await agent.logged("provisioned", { after: before });
  await agent.logged("online", { after: before });

  const ended = new Promise((resolve) => agent.process.once("exit", resolve));
  assert.equal((await invoke("Restart")).status, 202);
  assert.equal(await ended, 0);
});

test("samples taken offline and a kill -9 among them all arrive, marked with their own time", async (t) => {
  const rig = await startCloud(t);
  const first = await startAgent(t, rig);
  await first.logged("online");
  await rig.cloud.hub.stop();
  const status = await until("samples that wait", async () => {
    const found = (await statusOf(rig)) as StatusDocument;
    return found.outbox.waiting >= 3 && found;
  });
  await first.stop("SIGKILL");
  const again = await startAgent(t, rig);
  await again.logged("starting");
  await rig.cloud.hub.start();
  await again.logged("online", { seconds: 40 });
  await until("all of them, and later ones too", () => {
    const arrived = new Set(
      rig.cloud.hub
        .telemetry("cave-01")
        .map(({ body }) => (JSON.parse(body) as { sequence: number }).sequence),
    );
    const all = Array.from({ length: status.outbox.lastSequence }, (_, index) => index + 1);
    return all.every((sequence) => arrived.has(sequence)) && arrived.size > all.length;
  });
});
