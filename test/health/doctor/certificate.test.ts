import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { certificateCheck } from "#agent/health/doctor/certificate.js";
import { keyCheck } from "#agent/health/doctor/key.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { type Authority, createTestCa, temporaryDirectory } from "../../support/pki.js";
import { findingOf } from "./support.js";

const DAY = 86_400_000;

interface Files {
  config: string;
  certificate: string;
  key: string;
  root: Authority;
}

/** A configuration with a leaf that lasts for so many days from now. */
async function writeFiles(t: TestContext, days = 100): Promise<Files> {
  const folder = await temporaryDirectory(t);
  const root = await createTestCa(folder);
  const leaf = await root.issueDevice({ commonName: "cave-07", notAfter: new Date(Date.now() + days * DAY) });
  const files = {
    config: join(folder, "config.toml"),
    certificate: join(folder, "leaf.cert.pem"),
    key: join(folder, "leaf.key.pem"),
    root,
  };
  writeFileSync(files.certificate, leaf.certificatePem);
  writeFileSync(files.key, leaf.keyPem, { mode: 0o600 });
  writeFileSync(
    files.config,
    `[device]\ncertificateFile = "leaf.cert.pem"\nkeyFile = "leaf.key.pem"\n[provisioning]\nidScope = "0ne00ABCDEF"\n`,
  );
  return files;
}

test("a good leaf: who it is, who issued it, how long it lasts", async (t) => {
  const { config } = await writeFiles(t);
  const { result, detail } = await findingOf(certificateCheck, config);
  assert.equal(result, "ok");
  assert.match(detail, /^"cave-07" issued by "test root", (99|100) days left, until 20\S+Z$/);
});

test("less than 30 days: a warning with the days", async (t) => {
  const { config } = await writeFiles(t, 12.5);
  const { result, detail, remedy } = await findingOf(certificateCheck, config);
  assert.equal(result, "warning");
  assert.match(detail, /, 12 days left, until 20\S+Z$/);
  assert.match(remedy ?? "", /install a new certificate/);
});

test("as grave as the condition of a running agent, whose code it has", async (t) => {
  for (const [days, result, code] of [
    [0.5, "failed", "CERTIFICATE_EXPIRES_WITHIN_1_DAY"],
    [6.5, "warning", "CERTIFICATE_EXPIRES_WITHIN_7_DAYS"],
    [29.5, "warning", "CERTIFICATE_EXPIRES_WITHIN_30_DAYS"],
  ] as const) {
    const { config } = await writeFiles(t, days);
    const found = await findingOf(certificateCheck, config);
    assert.deepEqual([found.result, found.code], [result, code]);
  }
});

test("expired, and not yet valid, by the clock that is given", async (t) => {
  const { config } = await writeFiles(t);
  const late = await findingOf(certificateCheck, config, { clock: createFakeClock(Date.now() + 200 * DAY) });
  assert.equal(late.result, "failed");
  assert.match(late.detail, /"cave-07" expired on 20/);
  const early = await findingOf(certificateCheck, config, { clock: createFakeClock(Date.UTC(2001, 0, 1)) });
  assert.equal(early.result, "failed");
  assert.match(early.detail, /"cave-07" is valid from 20.* on$/);
  assert.match(early.remedy ?? "", /clock/);
});

test("a chain is followed by issuer and signature, leaf first", async (t) => {
  const { config, certificate, root } = await writeFiles(t);
  const leaf = await root.issueDevice({ commonName: "cave-07" });
  const namesake = await createTestCa(await temporaryDirectory(t));
  const stranger = await createTestCa(await temporaryDirectory(t), "stranger");
  const cases: [string[], RegExp][] = [
    [[root.certificatePem, leaf.certificatePem], /the first certificate, "test root", is a CA's/],
    [[leaf.certificatePem, stranger.certificatePem], /issued by "test root", but "stranger" follows it/],
    [[leaf.certificatePem, namesake.certificatePem], /issued by "test root", but "test root" follows it/],
    [[leaf.certificatePem, leaf.certificatePem], /but "cave-07" follows it/],
    [["nothing"], /holds no PEM certificate/],
    [["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"], /leaf\.cert\.pem: /],
  ];
  for (const [chain, expected] of cases) {
    writeFileSync(certificate, chain.join("\n"));
    const { result, detail } = await findingOf(certificateCheck, config);
    assert.equal(result, "failed", detail);
    assert.match(detail, expected);
  }
});

test("a chain with its issuer behind the leaf is right", async (t) => {
  const { config, certificate, key, root } = await writeFiles(t);
  const leaf = await root.issueDevice({ commonName: "cave-07" });
  writeFileSync(certificate, leaf.certificatePem + root.certificatePem);
  writeFileSync(key, leaf.keyPem, { mode: 0o600 });
  const { result, detail } = await findingOf(certificateCheck, config);
  assert.equal(result, "ok");
  assert.match(detail, /1 more in its chain/);
});

test("a key of another certificate, a name that is not the device's, a file that is missing", async (t) => {
  const { config, key, certificate, root } = await writeFiles(t);
  const other = await root.issueDevice({ commonName: "cave-07" });
  writeFileSync(key, other.keyPem, { mode: 0o600 });
  const pair = await findingOf(certificateCheck, config);
  assert.equal(pair.result, "failed");
  assert.match(pair.detail, /is not the private key of/);
  writeFileSync(certificate, other.certificatePem);
  writeFileSync(
    config,
    `[device]\nid = "cave-08"\ncertificateFile = "leaf.cert.pem"\nkeyFile = "leaf.key.pem"\n[provisioning]\nidScope = "0ne00ABCDEF"\n`,
  );
  assert.match(
    (await findingOf(certificateCheck, config)).detail,
    /"cave-08" is not the common name "cave-07"/,
  );
  writeFileSync(
    config,
    `[device]\ncertificateFile = "absent.pem"\nkeyFile = "x"\n[provisioning]\nidScope = "0ne00000000"\n`,
  );
  const absent = await findingOf(certificateCheck, config);
  assert.equal(absent.result, "failed");
  assert.match(absent.detail, /absent\.pem: ENOENT/);
});

test("a key that others can read fails its own check; the certificate says that the pair was not tried", async (t) => {
  const { config, key } = await writeFiles(t);
  assert.deepEqual(await findingOf(keyCheck, config), {
    result: "ok",
    detail: `mode 0600, owner ${process.getuid?.() ?? 0}`,
  });
  chmodSync(key, 0o640);
  const { result, detail, remedy } = await findingOf(keyCheck, config);
  assert.equal(result, "failed");
  assert.match(detail, /mode 0640/);
  assert.equal(remedy, `run: chmod 600 ${key}`);
  const pair = await findingOf(certificateCheck, config);
  assert.equal(pair.result, "warning");
  assert.match(pair.detail, /key was not tried/);
});

test("a key that is missing says what to install", async (t) => {
  const { config } = await writeFiles(t);
  writeFileSync(
    config,
    `[device]\ncertificateFile = "x"\nkeyFile = "absent.pem"\n[provisioning]\nidScope = "0ne00000000"\n`,
  );
  const { result, remedy } = await findingOf(keyCheck, config);
  assert.equal(result, "failed");
  assert.match(remedy ?? "", /install .*absent\.pem, owned by the agent's user, with mode 0600/);
});
