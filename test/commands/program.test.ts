import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/rig.ts";

const LOADED = `
  import { createRequire } from "node:module";
  await import(import.meta.resolve("#agent/commands/program.js"));
  console.log(Object.keys(createRequire(import.meta.url).cache).join("\\n"));
`;

test("an empty name of a configuration, as of a variable that is not set, is a wrong use", async () => {
  const commands = [["run"], ["status"], ["doctor"], ["read"], ["fan", "status"]];
  const wrong = commands.map((command) => [...command, "--config", ""]);
  for (const words of [...wrong, ["config", "check", ""], ["config", "check", " "]]) {
    const { code, stderr } = await promisify(execFile)(process.execPath, [
      join(ROOT, "bin/cave-agent.js"),
      ...words,
    ])
      .then(() => ({ code: 0, stderr: "" }))
      .catch((error: { code: number; stderr: string }) => error);
    assert.equal(code, 64, words.join(" "));
    assert.match(stderr, /(--config|the file) cannot be empty: name a file/);
  }
});

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
