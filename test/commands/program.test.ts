import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/rig.ts";

const LOADED = `
  import { createRequire } from "node:module";
  await import(import.meta.resolve("#agent/commands/program.js"));
  console.log(Object.keys(createRequire(import.meta.url).cache).join("\\n"));
`;

test("what has to be quick, as the service's stop command, does not load the cloud's SDK", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", LOADED], {
    cwd: ROOT,
  });
  const packages = stdout.split("\n").map((file) => /node_modules\/(@?[^/]+)/.exec(file)?.[1]);
  assert.ok(packages.includes("commander"), stdout);
  assert.deepEqual(
    packages.filter((name) => name?.startsWith("azure")),
    [],
  );
});
