import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { FalseCertificate } from "#cloud/index.js";
import { defer } from "../../support/cleanup.ts";
import { connectDevice, hubOf, register, startStage, trustedCa } from "../support.ts";

const REFUSED: [kind: FalseCertificate, code: string][] = [
  ["wrong-host", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["expired", "CERT_HAS_EXPIRED"],
  ["not-yet-valid", "CERT_NOT_YET_VALID"],
  ["other-ca", "SELF_SIGNED_CERT_IN_CHAIN"],
];

/** The code that a strict TLS client ends with; `ok` if it is content. */
function shakeHands(hostName: string, ca: string): Promise<string> {
  const port = Number(hostName.split(":")[1]);
  return new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port, servername: "localhost", ca });
    const end = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(20_000, () => end("silence"));
    socket.once("secureConnect", () => end("ok"));
    socket.once("error", (error) => end("code" in error ? String(error.code) : error.message));
  });
}

/** What comes back first on a TCP connection without TLS. */
function firstAnswer(hostName: string, request: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(hostName.split(":")[1]), "127.0.0.1", () => socket.write(request));
    socket.once("error", reject);
    socket.once("data", (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes.toString());
    });
  });
}

test("every false certificate is presented on DPS and hub, for its own reason", async (t) => {
  const { cloud } = await startStage(t);
  const ca = trustedCa(cloud);
  const hosts = [cloud.endpoints.dps.host, hubOf(cloud).hostName];
  for (const [kind, code] of REFUSED) {
    cloud.faults.tls.presentCertificate(kind);
    for (const host of hosts) assert.equal(await shakeHands(host, ca), code, `${kind} on ${host}`);
  }
  cloud.faults.clear();
  for (const host of hosts) assert.equal(await shakeHands(host, ca), "ok");
});

test("the SDK refuses a false certificate, and is let in when it is gone", async (t) => {
  const { cloud, ca } = await startStage(t);
  const pair = await ca.issueDevice({ commonName: "cave-01" });
  cloud.faults.tls.presentCertificate("expired", "dps");
  await assert.rejects(register(cloud, "cave-01", pair), /expired/);
  cloud.faults.clear();
  await register(cloud, "cave-01", pair);
  cloud.faults.tls.presentCertificate("wrong-host", "local-hub");
  await register(cloud, "cave-01", pair);
  await assert.rejects(connectDevice(t, cloud, "cave-01", pair), /altnames/);
  cloud.faults.clear();
  await connectDevice(t, cloud, "cave-01", pair);
});

test("a port without TLS and a captive portal are no TLS to a client", async (t) => {
  const { cloud } = await startStage(t);
  const ca = trustedCa(cloud);
  const { hostName } = hubOf(cloud);
  cloud.faults.tls.plain();
  assert.equal(await shakeHands(hostName, ca), "ECONNRESET");
  assert.equal(await firstAnswer(hostName, Buffer.from([0x10, 0])), "\x20\x02\0\0");
  cloud.faults.tls.captivePortal();
  assert.match(await shakeHands(hostName, ca), /^ERR_SSL_/);
  const answer = await firstAnswer(hostName, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
  assert.match(answer, /^HTTP\/1\.1 302 Found\r\nLocation: /);
});

test("a silent port takes the connection and never shakes hands", async (t) => {
  const { cloud } = await startStage(t);
  const port = Number(hubOf(cloud).hostName.split(":")[1]);
  cloud.faults.tls.silent("local-hub");
  const heard: string[] = [];
  const options = { host: "127.0.0.1", port, servername: "localhost", ca: trustedCa(cloud) };
  const socket = connectTls(options, () => heard.push("secure"));
  for (const event of ["data", "end", "error"]) socket.on(event, () => heard.push(event));
  defer(t, () => socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  // Longer than all the handshakes of another listener take.
  for (let round = 1; round <= 3; round += 1) {
    assert.equal(await shakeHands(cloud.endpoints.dps.host, trustedCa(cloud)), "ok");
  }
  assert.deepEqual(heard, []);
});

test("a place that is none is refused by name", async (t) => {
  const { cloud } = await startStage(t);
  assert.throws(() => cloud.faults.tls.plain("nowhere"), /at is nowhere/);
});
