import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createAuthority, loadAuthority } from "#fleet/certs/authority.js";
import { temporaryFolder } from "../support.ts";

const run = promisify(execFile);
const DAY = 86_400_000;

// DER: an OCTET STRING holding the extension follows the object identifier and, if it is critical, a TRUE.
const EXTENSIONS = {
  basicConstraintsFalseCritical: "0603551d130101ff04023000",
  basicConstraintsTrueCritical: "0603551d130101ff040530030101ff",
  keyUsageDigitalSignatureCritical: "0603551d0f0101ff040403020780",
  keyUsageCertAndCrlSignCritical: "0603551d0f0101ff040403020106",
  subjectKeyIdentifier: "0603551d0e0416",
  authorityKeyIdentifier: "0603551d23",
};

test("a leaf has the profile that Azure asks for", async () => {
  const root = await createAuthority({ commonName: "Test Root" });
  const leaf = await root.issueDevice({ commonName: "cave-01" });
  const certificate = new X509Certificate(leaf.certificatePem);
  const der = certificate.raw.toString("hex");
  assert.equal(certificate.subject, "CN=cave-01");
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.ok(der.includes(EXTENSIONS.basicConstraintsFalseCritical), "critical CA:FALSE");
  assert.ok(der.includes(EXTENSIONS.keyUsageDigitalSignatureCritical), "critical digitalSignature alone");
  assert.ok(der.includes(EXTENSIONS.subjectKeyIdentifier), "subject key identifier");
  assert.ok(der.includes(EXTENSIONS.authorityKeyIdentifier), "authority key identifier");
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.ok(certificate.checkPrivateKey(createPrivateKey(leaf.keyPem)));
});

test("a root may sign certificates and lists of revoked ones, and nothing else", async () => {
  const root = new X509Certificate(
    (await createAuthority({ commonName: "Test Root", days: 30 })).certificatePem,
  );
  const der = root.raw.toString("hex");
  assert.equal(root.ca, true);
  assert.equal(root.subject, "CN=Test Root");
  assert.ok(root.verify(root.publicKey));
  assert.ok(der.includes(EXTENSIONS.basicConstraintsTrueCritical), "critical CA:TRUE");
  assert.ok(der.includes(EXTENSIONS.keyUsageCertAndCrlSignCritical), "critical keyCertSign and cRLSign");
  assert.ok(der.includes(EXTENSIONS.subjectKeyIdentifier), "subject key identifier");
  assert.ok(Math.abs(Date.parse(root.validTo) - (Date.now() + 30 * DAY)) < DAY / 24);
});

test("a leaf names the root as its issuer, by name and by key", async () => {
  const authority = await createAuthority({ commonName: "Test Root" });
  const root = new X509Certificate(authority.certificatePem);
  const leaf = new X509Certificate((await authority.issueDevice({ commonName: "cave-01" })).certificatePem);
  const stranger = new X509Certificate((await createAuthority({ commonName: "Test Root" })).certificatePem);
  assert.ok(leaf.checkIssued(root));
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.checkIssued(stranger), false);
  assert.equal(leaf.verify(stranger.publicKey), false);
});

test("serial numbers are positive, long and never the same", async () => {
  const authority = await createAuthority({ commonName: "Test Root" });
  const serials = new Set<string>();
  for (let index = 0; index < 50; index += 1) {
    const { certificatePem } = await authority.issueDevice({ commonName: "cave-01" });
    const serial = new X509Certificate(certificatePem).serialNumber;
    assert.match(serial, /^[4-7][0-9A-F]{31}$/, "128 bits, the highest zero, the next one set");
    serials.add(serial);
  }
  assert.equal(serials.size, 50);
});

test("a leaf is valid from yesterday, and never longer than its root", async () => {
  const authority = await createAuthority({ commonName: "Test Root", days: 10 });
  const { certificatePem } = await authority.issueDevice({ commonName: "cave-01" });
  const leaf = new X509Certificate(certificatePem);
  const root = new X509Certificate(authority.certificatePem);
  assert.ok(Math.abs(Date.parse(leaf.validFrom) - (Date.now() - DAY)) < 60_000);
  assert.equal(leaf.validTo, root.validTo);
});

test("dates can be given, and the wrong way round they are refused", async () => {
  const authority = await createAuthority({ commonName: "Test Root" });
  const notBefore = new Date("2026-01-01T00:00:00Z");
  const notAfter = new Date("2026-01-02T00:00:00Z");
  const { certificatePem } = await authority.issueDevice({ commonName: "cave-01", notBefore, notAfter });
  const leaf = new X509Certificate(certificatePem);
  assert.equal(Date.parse(leaf.validFrom), notBefore.getTime());
  assert.equal(Date.parse(leaf.validTo), notAfter.getTime());
  await assert.rejects(
    authority.issueDevice({ commonName: "cave-01", notBefore: notAfter, notAfter: notBefore }),
    { name: "FleetError", code: "USAGE" },
  );
});

for (const commonName of [
  "",
  "Cave-01",
  "cave 01",
  "cave/01",
  "cave-01.",
  "käse",
  "../root",
  "a".repeat(65),
]) {
  test(`${JSON.stringify(commonName)} is refused as a device id`, async () => {
    const authority = await createAuthority({ commonName: "Test Root" });
    await assert.rejects(authority.issueDevice({ commonName }), (error: Error) => {
      assert.ok(error.message.includes(JSON.stringify(commonName)));
      return "code" in error && error.code === "USAGE";
    });
  });
}

test("the longest device id that DPS takes is accepted", async () => {
  const authority = await createAuthority({ commonName: "Test Root" });
  const commonName = `${"a.b_c:".repeat(10)}-00-`.slice(-64);
  const { certificatePem } = await authority.issueDevice({ commonName });
  assert.equal(commonName.length, 64);
  assert.equal(new X509Certificate(certificatePem).subject, `CN=${commonName}`);
});

test("an authority works again from its files", async (t) => {
  const folder = await temporaryFolder(t);
  const [certificateFile, keyFile] = [join(folder, "root.pem"), join(folder, "root.key")];
  const made = await createAuthority({ commonName: "Test Root" });
  await writeFile(certificateFile, made.certificatePem);
  await writeFile(keyFile, made.keyPem);
  const loaded = await loadAuthority(certificateFile, keyFile);
  const leaf = new X509Certificate((await loaded.issueDevice({ commonName: "cave-01" })).certificatePem);
  assert.ok(leaf.verify(new X509Certificate(made.certificatePem).publicKey));
});

test("what is no authority is refused, naming the file", async (t) => {
  const folder = await temporaryFolder(t);
  const file = (name: string) => join(folder, name);
  const root = await createAuthority({ commonName: "Test Root" });
  const leaf = await root.issueDevice({ commonName: "cave-01" });
  const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
  await writeFile(file("root.pem"), root.certificatePem);
  await writeFile(file("leaf.pem"), leaf.certificatePem);
  await writeFile(file("leaf.key"), leaf.keyPem);
  await writeFile(file("other.key"), other.export({ type: "pkcs8", format: "pem" }));
  await writeFile(file("broken.pem"), "no certificate");
  const refusals = [
    ["leaf.pem", "leaf.key", "leaf.pem is not the certificate of a CA"],
    ["root.pem", "other.key", "other.key is not the key of"],
    ["broken.pem", "leaf.key", "broken.pem is not what it should be"],
    ["missing.pem", "leaf.key", "missing.pem"],
  ] as const;
  for (const [certificate, key, expected] of refusals) {
    await assert.rejects(loadAuthority(file(certificate), file(key)), (error: Error) => {
      assert.equal(error.name, "FleetError");
      assert.ok(error.message.includes(expected), error.message);
      return true;
    });
  }
});

test("openssl verifies the chain with -x509_strict", async (t) => {
  const hasOpenssl = await run("openssl", ["version"]).then(
    () => true,
    () => false,
  );
  if (!hasOpenssl) return t.skip("openssl is not installed");
  const folder = await temporaryFolder(t);
  const root = await createAuthority({ commonName: "Test Root" });
  const leaf = await root.issueDevice({ commonName: "cave-01" });
  await writeFile(join(folder, "root.pem"), root.certificatePem);
  await writeFile(join(folder, "leaf.pem"), leaf.certificatePem);
  const words = ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile"];
  const { stdout } = await run("openssl", [...words, join(folder, "root.pem"), join(folder, "leaf.pem")]);
  assert.match(stdout, /leaf\.pem: OK/);
});
