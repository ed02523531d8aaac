import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { askStatus } from "#agent/health/client.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { serviceOf } from "../local-cloud/support.js";
import { defer } from "../support/cleanup.ts";
import { runToEnd, startAgent, startCloud, writeAgentConfig } from "../support/rig.js";
import { until } from "../support/until.js";

const DAY = 86_400_000;

test("a leaf of a foreign CA: 401002, and which CA to enrol", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig, { authority: await createAuthority({ commonName: "Foreign CA" }) });
  const { cause, code, remedy } = await agent.logged("backing-off");
  assert.match(cause ?? "", /DPS refused to register cave-01: .*\(401002\)$/);
  assert.equal(code, "DPS_UNAUTHORIZED");
  assert.match(String(remedy), /^enrol the CA "Foreign CA"/);
  const { connection } = await askStatus(join(rig.folder, "cave-01.state", "status.sock"));
  assert.deepEqual([connection.code, connection.remedy], [code, remedy]);
  assert.equal(rig.cloud.hub.telemetryCounts().received, 0);
  assert.equal((await agent.stop()).code, 0);
});

test("an expired leaf: 401002, and since when", async (t) => {
  const rig = await startCloud(t);
  const notAfter = new Date(Date.now() - DAY);
  const agent = await startAgent(t, rig, {
    validity: { notBefore: new Date(Date.now() - 9 * DAY), notAfter },
  });
  const condition = await agent.logged("condition-raised");
  assert.ok(
    agent.lines.some(({ code }) => code === "CERTIFICATE_EXPIRED"),
    JSON.stringify(condition),
  );
  const { cause, remedy } = await agent.logged("backing-off");
  assert.match(`${cause}; ${remedy}`, /\(401002\); the certificate expired on .*: install a new one/);
});

test("a leaf whose common name is not the device id: exit 78 before anything is sent", async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig);
  const text = readFileSync(config, "utf8").replace("[device]\n", `[device]\nid = "cave-99"\n`);
  writeFileSync(config, text);
  const { code, output } = await runToEnd(t, ["run", "--config", config]);
  assert.equal(code, 78);
  assert.match(output, /device\.id: \\?"cave-99\\?" is not the common name \\?"cave-01\\?"/);
  assert.match(output, /"event":"start-failed",.*"code":"CONFIG_INVALID","remedy":"/);
});

test("an unknown ID scope: 404201, and which key to correct; the whole scope is not printed", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig, { idScope: "0neFFFFFFFF" });
  const { cause, remedy } = await agent.logged("backing-off");
  assert.match(`${cause}; ${remedy}`, /\(404201\); check provisioning\.idScope: .* "0neF…FF"/);
  assert.ok(!agent.output().includes("0neFFFFFFFF"));
});

test("a disabled group: said as such; enabled again, the agent gets in by itself", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  const agent = await startAgent(t, rig);
  const { cause, remedy } = await agent.logged("disabled");
  assert.match(`${cause}; ${remedy}`, /registration is disabled; enable the enrolment group/);
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "enabled");
  await agent.logged("online", { seconds: 30 });
});

test("a DPS that never answers: the deadline ends the try, SIGTERM ends the agent", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.faults.dps.neverAnswer(true);
  const agent = await startAgent(t, rig);
  const { cause } = await agent.logged("backing-off");
  assert.match(cause ?? "", /no answer within 8 s: waited for the DPS/);
  rig.cloud.faults.dps.neverAnswer(false);
  await agent.logged("online", { seconds: 30 });
});

test("SIGTERM during provisioning ends the agent within 3 s", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.faults.dps.neverAnswer(true);
  const agent = await startAgent(t, rig);
  await agent.logged("starting");
  const { code, took } = await agent.stop();
  assert.equal(code, 0, agent.output());
  assert.ok(took < 3000, `${took} ms`);
});

test("DPS 429 with retry-after: not asked again before", async (t) => {
  const rig = await startCloud(t);
  rig.cloud.faults.dps.throttle(1, 3);
  const agent = await startAgent(t, rig);
  const throttled = await agent.logged("backing-off");
  assert.match(throttled.cause ?? "", /DPS is busy/);
  const online = await agent.logged("online", { seconds: 30 });
  const waited = Date.parse(String(online.time)) - Date.parse(String(throttled.time));
  assert.ok(waited >= 3000, `${waited} ms`);
});

test("a network that is down is not taken for a refusal: the DPS is not asked again and again", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const before = agent.lines.length;
  await rig.cloud.hub.stop();
  await agent.logged("backing-off", { after: before });
  assert.match(
    (await agent.logged("backing-off", { after: before })).cause ?? "",
    /hub .* cannot be reached: .*ECONNREFUSED/,
  );
  assert.equal(agent.lines.slice(before).filter(({ event }) => event === "provisioned").length, 0);
});

test("a device that the hub no longer knows goes back to the DPS and gets in again", async (t) => {
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig);
  await agent.logged("online");
  const before = agent.lines.length;
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
  await serviceOf(rig.cloud).registry.delete("cave-01");
  await until("the refusal", () =>
    agent.lines.slice(before).some(({ cause }) => /hub .* refused cave-01/.test(cause ?? "")),
  );
  rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "enabled");
  await agent.logged("provisioned", { after: before, seconds: 40 });
  await agent.logged("online", { after: before, seconds: 40 });
});

test("a server that is not trusted is refused by the agent, with the key to set", async (t) => {
  const rig = await startCloud(t);
  const stranger = await createAuthority({ commonName: "Not the server's CA" });
  const file = join(rig.folder, "stranger.pem");
  writeFileSync(file, stranger.certificatePem);
  rig.cloud.endpoints.trustedCaFile = file;
  const agent = await startAgent(t, rig);
  const { cause, remedy } = await agent.logged("backing-off");
  assert.match(`${cause}; ${remedy}`, /DPS .* could not prove who it is: .*; set tls\.trustedCaFile/);
});

test("something that is no DPS at all does not crash the agent", async (t) => {
  const portal = createServer((socket) =>
    socket.end("HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n"),
  );
  await new Promise<void>((resolve) => portal.listen(0, "127.0.0.1", resolve));
  defer(t, () => portal.close());
  const address = portal.address();
  assert.ok(address && typeof address === "object");
  const rig = await startCloud(t);
  const agent = await startAgent(t, rig, { host: `127.0.0.1:${address.port}` });
  const { cause, remedy } = await agent.logged("backing-off");
  assert.match(cause ?? "", /the DPS 127\.0\.0\.1:\d+ does not speak TLS$/);
  assert.match(String(remedy), /captive portal/);
  assert.equal((await agent.stop()).code, 0);
});
