import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { dnsCheck } from "#agent/health/doctor/dns.js";
import { dpsCheck } from "#agent/health/doctor/dps.js";
import { hubCheck } from "#agent/health/doctor/hub.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { defer } from "../../support/cleanup.ts";
import { createFakeClock } from "../../support/fake-clock.js";
import { createTestCa } from "../../support/pki.js";
import { startCloud, writeAgentConfig } from "../../support/rig.js";
import { startStrictServer } from "../../support/strict-server.ts";
import { until } from "../../support/until.js";
import { findingOf } from "./support.js";

function edit(file: string, from: RegExp, to: string): void {
  const text = readFileSync(file, "utf8");
  assert.match(text, from);
  writeFileSync(file, text.replace(from, to));
}

async function listen(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  defer(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

test("DPS and hub that answer: the TLS version and whose certificate it is", async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig);
  const dps = await findingOf(dpsCheck, config);
  assert.equal(dps.result, "ok", dps.detail);
  assert.match(
    dps.detail,
    /^localhost:\d+ answers in TLSv1\.[23]; its certificate: "localhost" issued by "cave-cloud local CA \w+", valid until \d{4}-\d\d-\d\d$/,
  );
  const hub = rig.cloud.endpoints.hubs[0]?.hostName;
  const found = await findingOf(hubCheck, config, { hub });
  assert.equal(found.result, "ok", found.detail);
  assert.ok(hub && found.detail.startsWith(`${hub} answers in TLS`));
});

test("a hub that is not known yet is skipped", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  assert.equal((await findingOf(hubCheck, config)).result, "skipped");
});

test("a server of another CA: untrusted", async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig);
  const { certificateFile } = await createTestCa(rig.folder, "another CA");
  edit(config, /trustedCaFile = ".*"/, `trustedCaFile = "${certificateFile}"`);
  const { result, detail, remedy } = await findingOf(dpsCheck, config);
  assert.equal(result, "failed");
  assert.match(detail, /could not prove who it is: .*/);
  assert.match(remedy ?? "", /tls\.trustedCaFile/);
});

test("a server under another name than its certificate's", async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig);
  edit(config, /host = "localhost:/, 'host = "127.0.0.2:');
  const { result, detail } = await findingOf(dpsCheck, config);
  // Where the machine has one loopback address only, nobody answers; neither is well.
  assert.equal(result, "failed");
  assert.match(detail, /could not prove who it is: .*127\.0\.0\.2|cannot be reached/);
});

test("without a usable certificate of our own the handshake is still tried, and said to be half", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  edit(config, /certificateFile = ".*"/, 'certificateFile = "absent.pem"');
  const { result, detail } = await findingOf(dpsCheck, config);
  assert.equal(result, "warning", detail);
  assert.match(detail, /our certificate could not be shown/);
});

test("a server that does not take our certificate: under TLS 1.3 it says so after the handshake", async (t) => {
  const rig = await startCloud(t);
  const config = await writeAgentConfig(rig, {
    authority: await createAuthority({ commonName: "Foreign CA" }),
  });
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const port = await startStrictServer(t, rig, version, () => undefined);
    edit(config, /host = "localhost:\d+"/, `host = "localhost:${port}"`);
    const { result, detail } = await findingOf(dpsCheck, config);
    assert.equal(result, "failed", `${version}: ${detail}`);
  }
});

test("a server that says why it does not take our certificate", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  // RFC 8446 section 5.1 and 6: a record of type alert (21), fatal (2), unknown_ca (48).
  const alert = Buffer.from([21, 3, 3, 0, 2, 2, 48]);
  const port = await listen(t, (socket) => socket.once("data", () => socket.end(alert)));
  edit(config, /host = "localhost:\d+"/, `host = "localhost:${port}"`);
  const { result, detail, remedy } = await findingOf(dpsCheck, config);
  assert.equal(result, "failed");
  assert.match(detail, /refused our certificate in TLS: unknown CA \(TLS alert 48\)/);
  assert.match(remedy ?? "", /intermediates/);
});

test("nobody listens; something else than TLS listens", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  const port = await listen(t, (socket) => socket.end("220 smtp\r\n"));
  edit(config, /host = "localhost:\d+"/, `host = "localhost:${port}"`);
  const other = await findingOf(dpsCheck, config);
  assert.equal(other.result, "failed");
  assert.match(other.detail, /cannot be reached by TLS: \S/);
  edit(config, /host = "localhost:\d+"/, 'host = "localhost:1"');
  const nobody = await findingOf(dpsCheck, config);
  assert.equal(nobody.result, "failed");
  assert.match(nobody.detail, /cannot be reached by TLS: .*ECONNREFUSED/);
  assert.match(nobody.remedy ?? "", /firewall/);
});

test("a server that says nothing is given up after 5 s, and its connection is closed", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  let opened = 0;
  let closed = 0;
  const port = await listen(t, (socket) => {
    opened += 1;
    socket.resume().on("close", () => {
      closed += 1;
    });
  });
  edit(config, /host = "localhost:\d+"/, `host = "localhost:${port}"`);
  const clock = createFakeClock(Date.now());
  const finding = findingOf(dpsCheck, config, { clock });
  await until("the connection", () => opened > 0);
  await clock.advance(5000);
  const { result, detail } = await finding;
  assert.equal(result, "failed");
  assert.match(detail, /no answer within 5 s: waited for DPS/);
  await until("no connection is left", () => closed === opened);
});

test("a stop ends the look at once", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  let opened = 0;
  const port = await listen(t, () => {
    opened += 1;
  });
  edit(config, /host = "localhost:\d+"/, `host = "localhost:${port}"`);
  const stop = new AbortController();
  const finding = findingOf(dpsCheck, config, { signal: stop.signal, clock: createFakeClock() });
  await until("the connection", () => opened > 0);
  stop.abort();
  assert.deepEqual(await finding, { result: "skipped", detail: "stopped" });
});

test("a name with an address, one without, and an address", async (t) => {
  const config = await writeAgentConfig(await startCloud(t));
  const found = await findingOf(dnsCheck, config);
  assert.equal(found.result, "ok");
  assert.match(found.detail, /^localhost is (127\.0\.0\.1|::1)/);
  edit(config, /host = ".*"/, 'host = "dps.invalid"');
  const unknown = await findingOf(dnsCheck, config);
  assert.equal(unknown.result, "failed");
  assert.match(unknown.detail, /dps\.invalid has no address/);
  edit(config, /host = ".*"/, 'host = "127.0.0.1:8883"');
  assert.equal((await findingOf(dnsCheck, config)).result, "skipped");
});
