import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { createAuthority, loadAuthority } from "#fleet/certs/authority.js";
import { deviceFiles, rootFiles, writePair } from "#fleet/certs/files.js";
import { ensureCertificates } from "#fleet/simulate/certificates.js";
import { temporaryFolder } from "../support.ts";

const IDS = ["cave-01", "cave-02"];

test("certificates are made once and kept", async (t) => {
  const folder = await temporaryFolder(t);
  assert.equal((await ensureCertificates(folder, IDS)).made, 3);
  const before = await readFile(deviceFiles(folder, "cave-01").certificateFile, "utf8");
  assert.equal((await ensureCertificates(folder, IDS)).made, 0);
  assert.equal(await readFile(deviceFiles(folder, "cave-01").certificateFile, "utf8"), before);
  assert.equal((await ensureCertificates(folder, [...IDS, "cave-03"])).made, 1);
});

test("a certificate that ends soon is made anew", async (t) => {
  const folder = await temporaryFolder(t);
  await ensureCertificates(folder, IDS);
  const root = rootFiles(folder);
  const authority = await loadAuthority(root.certificateFile, root.keyFile);
  const notAfter = new Date(Date.now() + 6 * 86_400_000);
  const short = await authority.issueDevice({ commonName: "cave-02", notAfter });
  await writePair(deviceFiles(folder, "cave-02"), short, { force: true });
  assert.equal((await ensureCertificates(folder, IDS)).made, 1);
});

test("with another root every device is made anew, and a broken key is replaced", async (t) => {
  const folder = await temporaryFolder(t);
  await ensureCertificates(folder, IDS);
  await writePair(rootFiles(folder), await createAuthority({ commonName: "Cheese Cave Simulator Root CA" }), {
    force: true,
  });
  assert.equal((await ensureCertificates(folder, IDS)).made, 2);
  await writeFile(deviceFiles(folder, "cave-01").keyFile, "broken");
  assert.equal((await ensureCertificates(folder, IDS)).made, 1);
});
