import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { openSequence, type Sequence } from "#agent/outbox/sequence.js";
import { temporaryFolder } from "./support.ts";

async function take(sequence: Sequence, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => sequence.next()));
}

function failsWith(code: string, file: string): (error: unknown) => boolean {
  return (error) =>
    isAgentError(error) && error.code === code && error.message.includes(file) && error.remedy.length > 20;
}

describe("openSequence", () => {
  it("starts at 1 where there is no file, not even its folder, and counts without gaps", async () => {
    const file = join(await temporaryFolder(), "state", "sequence.json");
    const sequence = await openSequence(file, 3);
    assert.deepEqual(await take(sequence, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { reserved: 9 });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it("goes on above all that an earlier run may have given out", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    await take(await openSequence(file, 10), 4);
    assert.deepEqual(await take(await openSequence(file, 10), 2), [11, 12]);
    await openSequence(file, 10);
    assert.deepEqual(await take(await openSequence(file, 10), 1), [21]);
  });

  it("repeats nothing when the process is killed with -9 again and again", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    const seen: number[] = [];
    for (let kill = 0; kill < 5; kill += 1) seen.push(...(await takeUntilKilled(file, 20)));
    assert.ok(seen.length >= 100);
    for (const [index, number] of seen.entries()) assert.ok(number > (seen[index - 1] ?? 0), `at ${index}`);
  });

  it("refuses a file that is not its own, rather than start again at 1", async () => {
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
      await assert.rejects(openSequence(file), failsWith("SEQUENCE_CORRUPT", file), text);
      assert.equal(await readFile(file, "utf8"), text);
    }
  });

  it("refuses a file that cannot be read", async () => {
    const file = join(await temporaryFolder(), "sequence.json");
    await mkdir(file);
    await assert.rejects(openSequence(file), failsWith("SEQUENCE_UNREADABLE", file));
  });

  it("gives no number that it could not reserve, and goes on once it can", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "sequence.json");
    const sequence = await openSequence(file, 2);
    await take(sequence, 2);
    // A folder in the way of the temporary file: root, too, cannot write there.
    await mkdir(`${file}.tmp`);
    await assert.rejects(sequence.next(), failsWith("SEQUENCE_UNWRITABLE", file));
    await rm(`${file}.tmp`, { recursive: true, force: true });
    assert.deepEqual(await take(sequence, 2), [3, 4]);
  });
});

/** A process that takes numbers as fast as it can, killed after `count` of them; those it said it had. */
async function takeUntilKilled(file: string, count: number): Promise<number[]> {
  const script = `
    import { openSequence } from ${JSON.stringify(import.meta.resolve("#agent/outbox/sequence.js"))};
    const sequence = await openSequence(${JSON.stringify(file)}, 2);
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
