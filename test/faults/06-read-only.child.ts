import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { appendNumbers, numbers, numbersIn, openReal } from "./outbox.ts";

/** Starts on a disk that is read-only, which then becomes writable. */
const [, , mount = ""] = process.argv;
const directory = join(mount, "outbox");

execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", mount]);
const before = await openReal(directory);
const first = await appendNumbers(before.outbox, 0, 9);
await before.outbox.close();

execFileSync("mount", ["-o", "remount,ro", mount]);
const lost = await openReal(directory);
const unsaved = await appendNumbers(lost.outbox, 10, 19);
assert.deepEqual(await numbersIn(lost.outbox), numbers(0, 19));
await assert.rejects(lost.outbox.close(), /10 waiting entries could not be saved/);

const { outbox, events } = await openReal(directory);
const during = await appendNumbers(outbox, 20, 29);
assert.ok(during.every((sequence) => !unsaved.includes(sequence)));
const [oldest] = await outbox.read(0, 1);
outbox.acknowledge(oldest?.sequence ?? 0);
assert.deepEqual(await numbersIn(outbox), [...numbers(1, 9), ...numbers(20, 29)]);

execFileSync("mount", ["-o", "remount,rw", mount]);
await until("the return to disk", () => events.at(-1)?.kind === "disk");
assert.deepEqual(
  events.map(({ kind }) => kind),
  ["memory", "disk"],
);
const after = await appendNumbers(outbox, 30, 39);
await outbox.close();
const again = await openReal(directory);
assert.deepEqual(await numbersIn(again.outbox), [...numbers(1, 9), ...numbers(20, 39)]);
const sequences = [...first, ...during, ...after, ...(await appendNumbers(again.outbox, 40, 40))];
for (const [index, sequence] of sequences.entries()) assert.ok(sequence > (sequences[index - 1] ?? 0));
await again.outbox.close();
