import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { deviceFiles, rootFiles, writePair } from "#fleet/certs/files.js";
import { temporaryFolder } from "../support.ts";

const PAIR = { certificatePem: "new certificate\n", keyPem: "new key\n" };
const noWindows = { skip: process.platform === "win32" ? "Windows has no file modes" : false };

test("a key is readable by its owner alone", noWindows, async (t) => {
  const files = deviceFiles(await temporaryFolder(t), "cave-01");
  await writePair(files, PAIR, { force: false });
  assert.equal((await stat(files.keyFile)).mode & 0o777, 0o600);
  assert.equal(await readFile(files.certificateFile, "utf8"), PAIR.certificatePem);
  assert.equal(await readFile(files.keyFile, "utf8"), PAIR.keyPem);
});

for (const present of ["certificateFile", "keyFile"] as const) {
  test(`nothing is written or lost if the ${present} is there already`, async (t) => {
    const folder = await temporaryFolder(t);
    const files = rootFiles(folder);
    await writeFile(files[present], "old");
    await assert.rejects(writePair(files, PAIR, { force: false }), {
      name: "FleetError",
      code: "FILE_EXISTS",
    });
    assert.equal(await readFile(files[present], "utf8"), "old");
    assert.equal((await readdir(folder)).length, 1);
  });
}

test("with force both are replaced and no copy stays behind", async (t) => {
  const folder = await temporaryFolder(t);
  const files = rootFiles(folder);
  await writeFile(files.certificateFile, "old", { mode: 0o644 });
  await writeFile(files.keyFile, "old", { mode: 0o644 });
  await writePair(files, PAIR, { force: true });
  assert.equal(await readFile(files.keyFile, "utf8"), PAIR.keyPem);
  assert.equal((await readdir(folder)).length, 2);
  if (process.platform !== "win32") assert.equal((await stat(files.keyFile)).mode & 0o777, 0o600);
});

test("with force, what was there comes back if the second file cannot be written", async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "parent"));
  // The certificate's folder is a file: its key can be written, the certificate cannot.
  const files = {
    keyFile: join(folder, "root.key.pem"),
    certificateFile: join(folder, "parent", "file", "root.cert.pem"),
  };
  await writeFile(join(folder, "parent", "file"), "in the way");
  await writeFile(files.keyFile, "old");
  await assert.rejects(writePair(files, PAIR, { force: true }), {
    name: "FleetError",
    code: "USAGE",
    message: `${join(folder, "parent", "file")} is a file, not a folder`,
    remedy: "name another folder with --out",
  });
  assert.equal(await readFile(files.keyFile, "utf8"), "old");
  assert.deepEqual((await readdir(folder)).sort(), ["parent", "root.key.pem"]);
});

test("a folder that cannot be made is named, and so is the option", async (t) => {
  if (process.platform !== "linux") return t.skip("needs /proc");
  await assert.rejects(writePair(rootFiles("/proc/cave/certs"), PAIR, { force: false, option: "--certs" }), {
    code: "FOLDER_UNUSABLE",
    message: /\/proc\/cave: ENOENT/,
    remedy: /--certs$/,
  });
});
