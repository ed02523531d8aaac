import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createIdentitySource } from "#agent/hub/identity-source.js";
import { createAuthority } from "#fleet/certs/authority.js";
import { defer } from "../support/cleanup.ts";

const root = await createAuthority({ commonName: "Test Root" });

async function build(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "cave-identity-source-"));
  defer(t, () => rmSync(folder, { recursive: true }));
  const device = { id: "", certificateFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const install = async (commonName = "cave-01") => {
    const leaf = await root.issueDevice({ commonName });
    put(device.certificateFile, leaf.certificatePem);
    put(device.keyFile, leaf.keyPem);
    return leaf;
  };
  await install();
  const told: string[] = [];
  const source = createIdentitySource(device, {
    onNew: () => told.push("new"),
    onUnusable: (reason) => told.push(`unusable: ${reason}`),
    onFallback: () => told.push("fallback"),
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
  source.accepted();
  source.refused();
  assert.notEqual(source.current().thumbprint, old);
  assert.deepEqual(told, ["new"]);
});

test("a new pair that is refused gives way to the old one, until the files change again", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current().thumbprint;
  await install();
  source.reload();
  source.refused();
  assert.equal(source.current().thumbprint, old);
  assert.equal(source.reload(), false);
  assert.equal(source.current().thumbprint, old);
  await install();
  assert.equal(source.reload(), true);
  assert.deepEqual(told, ["new", "fallback", "new"]);
});

test("when the old one is refused too, each has its turn; the one that is accepted stays", async (t) => {
  const { install, source, told } = await build(t);
  const old = source.current().thumbprint;
  await install();
  source.reload();
  const fresh = source.current().thumbprint;
  source.refused();
  assert.equal(source.current().thumbprint, old);
  // It works for as long as it lasts.
  source.accepted();
  assert.equal(source.reload(), false);
  for (const expected of [fresh, old, fresh]) {
    source.refused();
    assert.equal(source.current().thumbprint, expected);
  }
  source.accepted();
  source.refused();
  assert.equal(source.current().thumbprint, fresh);
  assert.deepEqual(told, ["new", "fallback", "fallback"]);
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
  assert.match(told[0] ?? "", /"cave-01" is not the common name "cave-02"/);
});
