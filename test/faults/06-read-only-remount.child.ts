import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { appendNumbers, numbers, numbersIn, openReal } from "./outbox.ts";

/** The kernel finds an error in the file system under the open segment and makes it read-only. */
const [, , mount = "", image = ""] = process.argv;
execFileSync("truncate", ["-s", "24m", image]);
execFileSync("mkfs.ext4", ["-q", "-e", "remount-ro", image]);
execFileSync("mount", ["-o", "loop", image, mount]);
const { outbox, events } = await openReal(join(mount, "outbox"));
const first = await appendNumbers(outbox, 0, 9);

const device = execFileSync("findmnt", ["-n", "-o", "SOURCE", mount]).toString().trim();
const knob = join("/sys/fs/ext4", basename(device), "trigger_fs_error");
assert.ok(readdirSync("/sys/fs/ext4").includes(basename(device)));
writeFileSync(knob, "a test");
const during = await appendNumbers(outbox, 10, 99);
assert.deepEqual(
  events.map(({ kind }) => kind),
  ["memory"],
);
assert.deepEqual(await numbersIn(outbox), numbers(0, 99));
assert.deepEqual(outbox.counts(), {
  taken: 100,
  acknowledged: 0,
  waiting: 100,
  dropped: 0,
  lastSequence: 100,
});
assert.deepEqual([...first, ...during], numbers(1, 100));
await assert.rejects(outbox.close(), /could not be saved/);
