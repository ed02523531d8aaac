import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { createIdentitySource } from "#agent/hub/identity-source.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { defer } from "../support/cleanup.ts";

const root = await createAuthority({ commonName: "Test Root" });

const DAY = 86_400_000;

async function build(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "cave-identity-source-"));
  defer(t, () => rmSync(folder, { recursive: true }));
  const device = { id: "", certificateFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const install = async (commonName = "cave-01", notBefore = new Date(Date.now() - DAY)) => {
    const leaf = await root.issueDevice({ commonName, notBefore });
    put(device.certificateFile, leaf.certificatePem);
    put(device.keyFile, leaf.keyPem);
    return leaf;
  };
  await install();
  const told: string[] = [];
  const source = createIdentitySource(device, {
    onNew: () => told.push("new"),
    onUnusable: (reason) => told.push(`unusable: ${reason}`),
    onFallback: (_, why) => told.push(isAgentError(why) ? `fallback: ${why.code}` : "fallback"),
  });
  return { device, put, install, source, told };
}

test("a new pair takes over, and the old one is forgotten once the new one has connected", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current().thumbprint;
  assert.equal(source.reload(), false);
  await install();
  assert.equal(source.reload(), true);
  assert.notEqual(source.current().thumbprint, old);
  const taken = source.current();
  source.accepted(taken);
  source.refused(taken);
  assert.notEqual(source.current().thumbprint, old);
  assert.deepEqual(told, ["new"]);
});

test("a new pair that is refused gives way to the old one, until the files change again", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current().thumbprint;
  await install();
  source.reload();
  source.refused(source.current());
  assert.equal(source.current().thumbprint, old);
  assert.equal(source.reload(), false);
  assert.equal(source.current().thumbprint, old);
  await install();
  assert.equal(source.reload(), true);
  assert.deepEqual(told, ["new", "fallback: CERTIFICATE_REFUSED", "new"]);
});

test("when the old one is refused too, each has its turn; the one that is accepted stays", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current().thumbprint;
  await install();
  source.reload();
  const fresh = source.current().thumbprint;
  source.refused(source.current());
  assert.equal(source.current().thumbprint, old);
  // It works for as long as it lasts.
  source.accepted(source.current());
  assert.equal(source.reload(), false);
  for (const expected of [fresh, old, fresh]) {
    source.refused(source.current());
    assert.equal(source.current().thumbprint, expected);
  }
  source.accepted(source.current());
  source.refused(source.current());
  assert.equal(source.current().thumbprint, fresh);
  assert.deepEqual(told, ["new", "fallback: CERTIFICATE_REFUSED"]);
});

test("the same leaf with its intermediates is a new pair", async (t) => {
  const { device, put, source, told } = await build(t);
  const chain = readFileSync(device.certificateFile, "utf8") + root.certificatePem;
  put(device.certificateFile, chain);
  assert.equal(source.reload(), true);
  assert.equal(source.current().certificatePem, chain);
  source.accepted(source.current());
  assert.equal(source.reload(), false);
  assert.equal(source.current().certificatePem, chain);
  assert.deepEqual(told, ["new"]);
});

test("what becomes of the old pair says nothing about a new one that was found meanwhile", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current();
  await install();
  source.reload();
  const found = source.current();
  source.refused(old);
  assert.equal(source.current(), found);
  source.accepted(old);
  assert.equal(source.current(), found);
  source.refused(found);
  assert.equal(source.current(), old);
  assert.deepEqual(told, ["new", "fallback: CERTIFICATE_REFUSED"]);
});

test("a new pair that is not valid yet waits for its day behind the old one", async (t) => {
  const { install, source } = await build(t);
  const old = source.current();
  await install("cave-01", new Date(Date.now() + DAY));
  source.reload();
  const early = source.current();
  assert.notEqual(early, old);
  assert.equal(source.next(Date.now()), old);
  // By a clock that is far behind neither is valid: the wait is for the one that will be first.
  assert.equal(source.next(0), old);
  assert.equal(source.next(Date.now() + 2 * DAY), early);
});

test("half a pair, seen between two writes, is not taken; the whole one is", async (t) => {
  const { device, put, source, told } = await build(t);
  const old = source.current().thumbprint;
  const leaf = await root.issueDevice({ commonName: "cave-01" });
  put(device.certificateFile, leaf.certificatePem);
  assert.equal(source.reload(), false);
  assert.equal(source.current().thumbprint, old);
  put(device.keyFile, leaf.keyPem);
  assert.equal(source.reload(), true);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /unusable: .*is not the private key of/);
});

test("a certificate of another device, or none at all, leaves the old one in force, told once", async (t) => {
  const { device, install, source, told } = await build(t);
  const old = source.current().thumbprint;
  await install("cave-02");
  source.reload();
  source.reload();
  rmSync(device.certificateFile);
  source.reload();
  assert.equal(source.current().thumbprint, old);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /cert\.pem is the certificate of cave-02; this agent runs as cave-01/);
});

test("files that the next start could not use are a trouble until they are put right, be it by their mode", async (t) => {
  const { device, put, install, source } = await build(t);
  const code = () => source.trouble()?.code;
  assert.equal(code(), undefined);
  const { keyPem } = await root.issueDevice({ commonName: "cave-01" });
  const sound = readFileSync(device.keyFile, "utf8");
  put(device.keyFile, keyPem);
  source.reload();
  assert.equal(code(), "CERTIFICATE_UNUSABLE");
  assert.match(source.trouble()?.message ?? "", /is not the private key of/);
  put(device.keyFile, sound);
  source.reload();
  assert.equal(code(), undefined);
  if (process.platform !== "win32") {
    chmodSync(device.keyFile, 0o644);
    source.reload();
    assert.match(source.trouble()?.remedy ?? "", /chmod 600/);
    chmodSync(device.keyFile, 0o600);
    source.reload();
    assert.equal(code(), undefined);
  }
  rmSync(device.certificateFile);
  source.reload();
  assert.equal(code(), "CERTIFICATE_UNUSABLE");
  await install();
  source.reload();
  assert.equal(code(), undefined);
});

test("a new pair that is refused, or is left outside where the old one gets in, is a trouble until one is let in", async (t) => {
  const { install, source, told } = await build(t);
  const code = () => source.trouble()?.code;
  await install();
  source.reload();
  const refused = source.current();
  source.refused(refused, new Error("unknown CA"));
  assert.equal(code(), "CERTIFICATE_REFUSED");
  assert.match(source.trouble()?.message ?? "", new RegExp(`${refused.thumbprint} .*unknown CA`));
  await install();
  source.reload();
  assert.equal(code(), undefined, "nobody has tried this one yet");
  const next = source.current();
  for (let tries = 0; tries < 3; tries += 1) source.failed(source.next(Date.now()), new Error("no answer"));
  assert.equal(code(), undefined, "the network may be down");
  assert.deepEqual(told, ["new", "fallback: CERTIFICATE_REFUSED", "new", "fallback"]);
  source.accepted(source.next(Date.now()));
  assert.equal(code(), "CERTIFICATE_REFUSED");
  source.accepted(next);
  assert.equal(code(), undefined);
});
