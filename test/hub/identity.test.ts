import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadIdentity, readTrustedCa } from "#agent/hub/identity.js";
import { createAuthority } from "#fleet/certs/authority.js";

const folder = mkdtempSync(join(tmpdir(), "cave-identity-"));
const certificateFile = join(folder, "leaf.cert.pem");
const keyFile = join(folder, "leaf.key.pem");
const otherKey = join(folder, "other.key.pem");
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  const root = await createAuthority({ commonName: "Test Root" });
  const leaf = await root.issueDevice({ commonName: "cave-07" });
  const other = await root.issueDevice({ commonName: "cave-08" });
  writeFileSync(certificateFile, leaf.certificatePem + root.certificatePem);
  writeFileSync(keyFile, leaf.keyPem, { mode: 0o600 });
  writeFileSync(otherKey, other.keyPem, { mode: 0o600 });
});

test("the common name is the device id; the chain behind the leaf is kept", () => {
  const identity = loadIdentity({ id: "", certificateFile, keyFile });
  assert.equal(identity.deviceId, "cave-07");
  assert.equal(identity.issuer, "Test Root");
  assert.match(identity.thumbprint, /^[0-9A-F]{40}$/);
  assert.equal(identity.certificatePem.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.ok(identity.notAfter > identity.notBefore);
});

test("an id that is not the common name is refused; case does not count", () => {
  assert.equal(loadIdentity({ id: "Cave-07", certificateFile, keyFile }).deviceId, "cave-07");
  assert.throws(
    () => loadIdentity({ id: "cave-09", certificateFile, keyFile }),
    /device\.id: "cave-09" is not the common name "cave-07"/,
  );
});

test("a key of another certificate is refused", () => {
  assert.throws(
    () => loadIdentity({ id: "", certificateFile, keyFile: otherKey }),
    /is not the private key of/,
  );
});

test("a key that others can read is refused, with the command that mends it", () => {
  chmodSync(keyFile, 0o644);
  try {
    assert.throws(
      () => loadIdentity({ id: "", certificateFile, keyFile }),
      (error: Error & { remedy?: string }) =>
        /mode 0644/.test(error.message) && /chmod 600/.test(error.remedy ?? ""),
    );
  } finally {
    chmodSync(keyFile, 0o600);
  }
});

test("files that are missing or hold something else are named with their key", () => {
  const junk = join(folder, "junk.pem");
  writeFileSync(junk, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", { mode: 0o600 });
  assert.throws(
    () => loadIdentity({ id: "", certificateFile: "/absent.pem", keyFile }),
    /device\.certificateFile/,
  );
  assert.throws(
    () => loadIdentity({ id: "", certificateFile: junk, keyFile }),
    /device\.certificateFile.*no PEM/,
  );
  assert.throws(() => loadIdentity({ id: "", certificateFile, keyFile: junk }), /device\.keyFile.*no usable/);
  assert.throws(() => readTrustedCa(junk), /tls\.trustedCaFile/);
  assert.equal(readTrustedCa(""), undefined);
});

test("a certificate in the key's place is no key, whatever its mode; a CA file without one has its own remedy", () => {
  const open = join(folder, "open.pem");
  writeFileSync(open, readFileSync(certificateFile), { mode: 0o644 });
  assert.throws(
    () => loadIdentity({ id: "", certificateFile, keyFile: open }),
    /device\.keyFile: .* holds no usable PEM private key/,
  );
  assert.throws(
    () => readTrustedCa(keyFile),
    (error: Error & { remedy?: string }) => /give the CA of the server/.test(error.remedy ?? ""),
  );
});
