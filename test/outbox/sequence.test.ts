import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { createPatience } from "#agent/lib/patience.js";
import { openSequence, type Sequence } from "#agent/outbox/sequence.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { makePipe } from "../support/pipe.ts";
import { temporaryDirectory } from "../support/pki.ts";
import { temporaryFolder } from "./support.ts";

const MARGIN = 10_000;

async function take(sequence: Sequence, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => sequence.next()));
}

/** The first number of a run that does not know where the numbers were, and what it told. */
async function leapFrom(file: string): Promise<{ first: number; told: string[] }> {
  const told: string[] = [];
  const sequence = await openSequence(file, { onLeap: ({ code }) => told.push(code) });
  const [first = 0] = await take(sequence, 1);
  return { first, told };
}

describe("openSequence", () => {
  it("starts at 1 where there is no file, not even its folder, and counts without gaps", async () => {
    const file = join(await temporaryFolder(), "state", "sequence.json");
    const sequence = await openSequence(file, { block: 3 });
    assert.deepEqual(await take(sequence, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.match(await readFile(file, "utf8"), /"reserved":9/);
    const { mode, size } = await stat(file);
    assert.equal(mode & 0o777, 0o600);
    await take(sequence, 100);
    assert.equal((await stat(file)).size, size);
  });

  it("goes on without a gap after a clean stop, and above all that may have been given out after a crash", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const first = await openSequence(file, { block: 10 });
    await take(first, 4);
    await first.close?.();
    const second = await openSequence(file, { block: 10 });
    assert.deepEqual(await take(second, 2), [5, 6]);
    const afterCrash = await openSequence(file, { block: 10 });
    assert.deepEqual(await take(afterCrash, 1), [14 + MARGIN + 1]);
  });

  it("gives numbers, after a leap, where its file hangs", async (t) => {
    const folder = await temporaryDirectory(t);
    const file = join(folder, "sequence");
    if (!makePipe(t, file)) return;
    const clock = createFakeClock();
    const told: string[] = [];
    const opening = openSequence(file, {
      patience: createPatience(folder, clock),
      onLeap: ({ code }) => told.push(code),
    });
    await clock.advance(5000);
    const sequence = await opening;
    assert.deepEqual(told, ["SEQUENCE_UNREADABLE"]);
    const [first = 0, second] = await take(sequence, 2);
    assert.ok(first > 2 ** 32 && second === first + 1, `${first}, ${second}`);
  });

  it("goes on from a file of version 0.1, and from one that a person wrote", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    await writeFile(file, '{"reserved": 41}\n');
    assert.deepEqual(await take(await openSequence(file), 2), [42, 43]);
  });

  it("repeats nothing if the newest slot is damaged", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const given = await take(await openSequence(file, { block: 10 }), 35);
    const bytes = await readFile(file);
    const newest = bytes.lastIndexOf('"reserved":40');
    bytes[newest + 12] = 0x31;
    await writeFile(file, bytes);
    const [next = 0] = await take(await openSequence(file, { block: 10 }), 1);
    assert.ok(next > (given.at(-1) ?? 0), `${next}`);
  });

  it("repeats nothing when the process is killed with -9 again and again", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const seen: number[] = [];
    for (let kill = 0; kill < 5; kill += 1) seen.push(...(await takeUntilKilled(file, 20)));
    assert.ok(seen.length >= 100);
    for (const [index, number] of seen.entries()) assert.ok(number > (seen[index - 1] ?? 0), `at ${index}`);
  });

  it("leaps over a file that is not its own, rather than start again at 1", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    for (const text of [
      "",
      "{",
      "null",
      "7",
      "{}",
      '{"reserved":"7"}',
      '{"reserved":-1}',
      '{"reserved":1.5}',
    ]) {
      await writeFile(file, text);
      const { first, told } = await leapFrom(file);
      assert.deepEqual(told, ["SEQUENCE_CORRUPT"], text);
      assert.ok(first > 2 ** 32, text);
      // Put right: the next start goes on, without a leap.
      const [next = 0] = await take(await openSequence(file), 1);
      assert.ok(next > first && next < first + 20_000, text);
    }
  });

  it("leaps where the file cannot be read", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    await mkdir(file);
    const { first, told } = await leapFrom(file);
    assert.deepEqual(told, ["SEQUENCE_UNREADABLE"]);
    assert.ok(first > 2 ** 32);
  });

  it("goes on where it can no longer write, and repeats none of it later", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const sequence = await openSequence(file, { block: 10 });
    await take(sequence, 10);
    const saved = await readFile(file);
    // A folder in the way: root, too, cannot write there.
    await rm(file);
    await mkdir(file);
    const unreserved = await take(sequence, 30);
    assert.deepEqual([unreserved[0], unreserved.at(-1)], [11, 40]);
    await rm(file, { recursive: true });
    await writeFile(file, saved);
    const [next = 0] = await take(await openSequence(file, { block: 10 }), 1);
    assert.ok(next > 40, `${next}`);
  });

  it("leaps when the margin is used up", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const sequence = await openSequence(file, { block: 10, clock: { now: () => 0 }, random: () => 0 });
    await take(sequence, 10);
    await rm(file);
    await mkdir(file);
    const given = await take(sequence, MARGIN + 5);
    assert.equal(given[MARGIN - 1], 10 + MARGIN);
    assert.ok((given[MARGIN] ?? 0) >= 2 ** 32);
  });

  it("leaps when it could not write from the start: above an earlier such run, and apart if the clock stands", async () => {
    const folder = join(await temporaryFolder(), "state");
    // A file where the folder should be.
    await writeFile(folder, "");
    const file = join(folder, "sequence.json");
    assert.deepEqual((await leapFrom(file)).told, ["SEQUENCE_UNREADABLE"]);
    await rm(folder);
    const unwritable = join(folder, "sequence.json");
    async function run(now: number, random: number): Promise<number> {
      const sequence = await openSequence(unwritable, { clock: { now: () => now }, random: () => random });
      await writeFile(folder, "");
      const [first = 0] = await take(sequence, 1);
      await rm(folder);
      return first;
    }
    const now = Date.UTC(2026, 0, 1);
    const early = await run(now, 0.99);
    assert.ok(early > 2 ** 32 && early < Number.MAX_SAFE_INTEGER / 4);
    assert.ok((await run(now + 18 * 60_000, 0)) > early);
    assert.ok(Math.abs((await run(now, 0.5)) - early) > 1e6);
    assert.ok((await run(0, 0.5)) >= 2 ** 32);
  });

  it("gives only numbers above those it is told of", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const sequence = await openSequence(file, { block: 10 });
    sequence.goAbove?.(500);
    assert.deepEqual(await take(sequence, 2), [501, 502]);
    sequence.goAbove?.(7);
    assert.deepEqual(await take(sequence, 1), [503]);
  });
});

/** A process that takes numbers as fast as it can, killed after `count` of them; those it said it had. */
async function takeUntilKilled(file: string, count: number): Promise<number[]> {
  const script = `
    import { openSequence } from ${JSON.stringify(import.meta.resolve("#agent/outbox/sequence.js"))};
    const sequence = await openSequence(${JSON.stringify(file)}, { block: 2 });
    for (;;) process.stdout.write((await sequence.next()) + "\\n");
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const seen: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    seen.push(Number(line));
    if (seen.length >= count) child.kill("SIGKILL");
  }
  await exit;
  return seen;
}
