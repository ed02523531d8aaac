import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type DoctorOptions, doctor } from "#agent/commands/doctor.js";
import { loadConfig } from "#agent/config.js";
import type { CheckResult, Report } from "#agent/health/doctor/check.js";
import { openStatusServer } from "#agent/health/socket.js";
import { statusSocketOf } from "#agent/health/socket-path.js";
import { lockState } from "#agent/state-lock.js";
import { healthDocument } from "../health/support.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";
import { type CloudRig, startCloud, writeAgentConfig } from "../support/rig.js";

async function run(options: DoctorOptions): Promise<{ code: number; said: string }> {
  let said = "";
  const code = await doctor(options, {
    say: (text) => {
      said += text;
    },
    complain: (text) => assert.fail(text),
  });
  return { code, said };
}

async function report(file: string, cachedHub?: DoctorOptions["cachedHub"]) {
  const { code, said } = await run({ file, json: true, ...(cachedHub && { cachedHub }) });
  const read = JSON.parse(said) as Report;
  const find = (id: string): CheckResult => read.checks.find((check) => check.id === id) ?? assert.fail(id);
  return { code, said, read, find };
}

async function setUp(t: TestContext): Promise<{ rig: CloudRig; file: string }> {
  const rig = await startCloud(t);
  return { rig, file: await writeAgentConfig(rig) };
}

test("all is well, no agent running: exit 0, and the ID scope is not printed", async (t) => {
  const { file } = await setUp(t);
  const { code, read, said, find } = await report(file);
  assert.equal(code, 0, said);
  assert.equal(read.counts.failed, 0);
  for (const id of ["configuration", "certificate", "key", "dns", "dps", "connection", "disk"]) {
    assert.equal(find(id).result, "ok", `${id}: ${find(id).detail}`);
  }
  for (const id of ["hub", "agent", "i2c", "gpio"]) assert.equal(find(id).result, "skipped", id);
  assert.ok(!said.includes(loadConfig(file).provisioning.idScope));
  assert.ok(!said.includes("PRIVATE KEY"));
});

test("the DPS refuses the device for good: exit 1, be there an assignment of old or not", async (t) => {
  const { rig, file } = await setUp(t);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  const first = await report(file);
  assert.equal(first.code, 1);
  assert.deepEqual([first.find("dps").result, first.find("connection").result], ["ok", "failed"]);
  const again = await report(file, async () => rig.cloud.endpoints.hubs[0]?.hostName);
  assert.deepEqual([again.code, again.find("connection").result], [1, "failed"]);
});

test("an agent that runs without its socket is noticed, and does not lose its turn at the DPS", async (t) => {
  const { file } = await setUp(t);
  const lock = await lockState(loadConfig(file).state.directory, "process 17, for cave-01");
  defer(t, () => lock.release());
  const { code, find } = await report(file);
  assert.equal(code, 1);
  assert.match(find("agent").detail, /an agent runs that cannot be asked on .*: process 17, for cave-01/);
  assert.match(find("agent").remedy ?? "", /status-socket/);
  assert.equal(find("connection").result, "skipped");
});

test("it says nothing on standard error", async (t) => {
  const { file } = await setUp(t);
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on("warning", note);
  await report(file);
  await nextTurn();
  process.removeListener("warning", note);
  assert.deepEqual(warnings, []);
});

test("a running agent is asked for its hub and its conditions", async (t) => {
  const { rig, file } = await setUp(t);
  const hub = rig.cloud.endpoints.hubs[0]?.hostName ?? "";
  const document = healthDocument({
    connection: { ...healthDocument().connection, hub },
    conditions: [{ code: "SENSOR_STUCK", severity: "warning", since: "", cause: "", remedy: "Exchange it." }],
  });
  const config = loadConfig(file);
  mkdirSync(config.state.directory, { recursive: true });
  const server = await openStatusServer({
    socket: statusSocketOf(config),
    listen: "",
    document: () => document,
    diagnose: () => Promise.reject(new Error("not asked")),
  });
  defer(t, () => server.close());
  const { code, find } = await report(file);
  assert.equal(code, 0);
  assert.equal(find("hub").result, "ok", find("hub").detail);
  assert.equal(find("agent").result, "warning");
  assert.equal(find("agent").detail, "online; SENSOR_STUCK");
  assert.equal(find("agent").remedy, "SENSOR_STUCK: Exchange it.");
});

test("without a running agent the cached hub is tried", async (t) => {
  const { rig, file } = await setUp(t);
  const { find } = await report(file, async () => rig.cloud.endpoints.hubs[0]?.hostName);
  assert.equal(find("hub").result, "ok", find("hub").detail);
  const { find: again } = await report(file, () => Promise.reject(new Error("damaged")));
  assert.equal(again("hub").result, "skipped");
});

test("something failed: exit 1; for people a line each, the remedy below, and the sums", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace(/host = ".*"/, 'host = "localhost:1"'));
  const { code, said } = await run({ file, json: false });
  assert.equal(code, 1);
  const lines = said.split("\n");
  const failed = lines.findIndex((line) => /^failed +DPS +localhost:1 cannot be reached by TLS/.test(line));
  assert.ok(failed >= 0, said);
  assert.match(lines[failed + 1] ?? "", /^ +→ check the network/);
  assert.match(said, /^\d+ ok, \d+ warnings, 1 failed, \d+ skipped$/m);
  assert.equal(lines[failed + 1]?.indexOf("→"), lines[failed]?.indexOf("localhost:1"));
});

test("a configuration with a wrong key: exit 78, and all that does not need the key is checked", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace(/keyFile = ".*"/, "keyFile = 3"));
  const { code, find } = await report(file);
  assert.equal(code, 78);
  assert.equal(find("configuration").result, "failed");
  assert.match(find("configuration").detail, /device\.keyFile/);
  assert.equal(find("key").result, "skipped");
  assert.equal(find("key").detail, "device.keyFile must be correct first");
  assert.equal(find("certificate").result, "skipped");
  assert.equal(find("dns").result, "ok");
  assert.equal(find("disk").result, "ok");
  assert.match(find("dps").detail, /answers in TLS.*our certificate could not be shown/);
});

test("a configuration with an unknown key: exit 78, and all is checked", async (t) => {
  const { file } = await setUp(t);
  writeFileSync(file, readFileSync(file, "utf8").replace("[sensor]", '[sensor]\nreadEvry = "1s"'));
  const { code, find } = await report(file);
  assert.equal(code, 78);
  assert.match(find("configuration").detail, /sensor\.readEvry: unknown key/);
  for (const id of ["certificate", "key", "dns", "dps", "disk"]) assert.equal(find(id).result, "ok", id);
});

test("a configuration that cannot be read: exit 78, the clock is checked all the same", async (t) => {
  const { file } = await setUp(t);
  appendFileSync(file, "[broken\n");
  for (const each of [file, join(await temporaryDirectory(t), "absent.toml")]) {
    const { code, find, read } = await report(each);
    assert.equal(code, 78);
    assert.equal(find("configuration").result, "failed");
    assert.notEqual(find("clock").detail, "the configuration cannot be read");
    assert.equal(find("disk").detail, "the configuration cannot be read");
    assert.equal(read.counts.failed, 1);
  }
});
