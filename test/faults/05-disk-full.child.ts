import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/until.ts";
import { appendNumbers, numbers, numbersIn, openReal } from "./outbox.ts";

const [, , mount = ""] = process.argv;
const filler = join(mount, "filler");
const options = { segmentBytes: 256 * 1024, maxBytes: 2 * 1024 * 1024, ringCapacity: 500 };

execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", mount]);
const { outbox, events } = await openReal(join(mount, "outbox"), options);
const first = await appendNumbers(outbox, 0, 99);

fillUp();
// More than the open segment and the ring take.
const during = await appendNumbers(outbox, 100, 9999);
const full = outbox.counts();
assert.deepEqual(
  events.map(({ kind }) => kind),
  ["memory", "dropped"],
);
assert.ok(full.dropped > 0 && full.waiting + full.dropped === 10_000);
const kept = await numbersIn(outbox);
assert.deepEqual(kept.slice(0, 100), numbers(0, 99));
assert.deepEqual(kept.slice(-500), numbers(9500, 9999));
const [oldest] = await outbox.read(0, 1);
outbox.acknowledge(oldest?.sequence ?? 0);

rmSync(filler);
await until("the return to disk", () => events.at(-1)?.kind === "disk");
const after = await appendNumbers(outbox, 10_000, 10_099);
assert.deepEqual(await numbersIn(outbox), [...kept.slice(1), ...numbers(10_000, 10_099)]);
await outbox.close();

fillUp();
const again = await openReal(join(mount, "outbox"), options);
assert.deepEqual(await numbersIn(again.outbox), [...kept.slice(1), ...numbers(10_000, 10_099)]);
// The open segment has room for these or the ring has; the sequence file is written in place.
const last = await appendNumbers(again.outbox, 10_100, 10_199);
const sequences = [...first, ...during, ...after, ...last];
for (const [index, sequence] of sequences.entries()) assert.ok(sequence > (sequences[index - 1] ?? 0));
assert.equal(sequences.at(-1), sequences.length, "no gap either: the reservation was always written");
rmSync(filler);
await again.outbox.close();
const { outbox: end } = await openReal(join(mount, "outbox"), options);
assert.deepEqual(await numbersIn(end), [...kept.slice(1), ...numbers(10_000, 10_199)]);
await end.close();

function fillUp(): void {
  assert.throws(() => writeFileSync(filler, Buffer.alloc(8 * 1024 * 1024)), /ENOSPC/);
}
