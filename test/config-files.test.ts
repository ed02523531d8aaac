import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "#agent/config.js";
import { ROOT } from "./support/rig.js";

const folder = mkdtempSync(join(tmpdir(), "cave-config-files-"));
after(() => rmSync(folder, { recursive: true }));

const REQUIRED = {
  CAVE_DEVICE_CERTIFICATE_FILE: "/leaf.pem",
  CAVE_DEVICE_KEY_FILE: "/leaf.key.pem",
  CAVE_PROVISIONING_ID_SCOPE: "0ne00000000",
};

test("default.toml says of every key what its default really is", () => {
  const empty = join(folder, "empty.toml");
  writeFileSync(empty, "");
  const documented = loadConfig(join(ROOT, "config/default.toml"), REQUIRED);
  assert.deepEqual(documented, loadConfig(empty, REQUIRED));
  const text = readFileSync(join(ROOT, "config/default.toml"), "utf8");
  for (const [section, keys] of Object.entries(documented)) {
    for (const key of Object.keys(keys))
      assert.match(text, new RegExp(`^(# )?${key} = `, "m"), `${section}.${key}`);
  }
});

test("the README's own file finds what the commands before it have made", () => {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const block = /```toml\n(.*?)```/s.exec(text)?.[1] ?? "";
  mkdirSync(join(folder, "certs"));
  const file = join(folder, "certs/cave-01.toml");
  writeFileSync(file, block);
  const { device, provisioning, tls, state, sensor } = loadConfig(file, {});
  assert.equal(device.certificateFile, join(folder, "certs/devices/cave-01.cert.pem"));
  assert.equal(device.keyFile, join(folder, "certs/devices/cave-01.key.pem"));
  assert.equal(tls.trustedCaFile, join(folder, ".local-cloud/tls/ca.pem"));
  assert.equal(state.directory, join(folder, ".local-cloud/cave-01"));
  assert.equal(sensor.source, "simulated");
  assert.match(text, new RegExp(`--id-scope ${provisioning.idScope}\n`));
});

test("gateway.example.toml is usable as it stands, but for its ID scope", () => {
  const config = loadConfig(join(ROOT, "config/gateway.example.toml"), {});
  assert.equal(config.provisioning.host, "global.azure-devices-provisioning.net");
  assert.equal(config.tls.trustedCaFile, "");
});
