import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { answersToWrites } from "#agent/lib/writable.js";
import { temporaryDirectory } from "../support/pki.js";

test("a folder that answers has nothing more in it, neither of many that ask nor of one that was killed", async (t) => {
  const folder = await temporaryDirectory(t);
  writeFileSync(join(folder, ".cave-agent-trial"), "");
  await Promise.all(Array.from({ length: 20 }, () => answersToWrites(folder)));
  assert.deepEqual(readdirSync(folder), []);
});

test("one that cannot be written has answered too", async () => {
  for (const folder of ["/proc", "/dev/null/state", "/not/there"]) await answersToWrites(folder);
});
