import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { isAgentError } from "#agent/errors.js";
import type { WriteRight } from "#agent/lib/write-right.js";
import { openSequence } from "#agent/outbox/sequence.js";
import { all, open, within } from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";

/** Somebody else works there. */
const REFUSED: WriteRight = {
  take: () => Promise.reject(new Error("process 4711 has it")),
  isTaken: () => false,
};

/** Every file below `folder` with all that is in it. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.sort().map(async (file) => [file, await readFile(file, "latin1")] as const)),
  );
}

describe("without the right to write", () => {
  it("the outbox changes no file, whatever is appended, acknowledged or saved", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    await within(directory, async ({ outbox }) => {
      for (let count = 1; count <= 20; count += 1) await outbox.append(`${count}${"x".repeat(1000)}`);
    });
    const before = await filesIn(dirname(directory));
    assert.ok(before.size > 3, [...before.keys()].join());
    const sequence = await openSequence(`${directory}.sequence`, { right: REFUSED });
    const { outbox, events, clock } = await open(directory, { right: REFUSED, sequence });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["memory"],
    );
    await outbox.append("new", { urgent: true });
    for (let acknowledged = 1; acknowledged <= 20; acknowledged += 1) outbox.acknowledge(acknowledged);
    await until(() => clock.sleepers() > 0, "the beat");
    await clock.advance(60_000);
    assert.deepEqual(await all(outbox), ["new"]);
    assert.deepEqual(await filesIn(dirname(directory)), before);
    await assert.rejects(outbox.close(), (error) => isAgentError(error) && error.code === "OUTBOX_NOT_SAVED");
    assert.deepEqual(await filesIn(dirname(directory)), before);
  });

  it("the sequence gives numbers, none of them twice, and leaves its file as it is", async () => {
    const file = join(await temporaryFolder(), "sequence");
    const own = await openSequence(file);
    assert.equal(await own.next(), 1);
    await own.close?.();
    const before = await filesIn(dirname(file));
    const sequence = await openSequence(file, { right: REFUSED });
    const numbers = [await sequence.next(), await sequence.next()];
    assert.deepEqual(await filesIn(dirname(file)), before);
    await sequence.close?.();
    assert.deepEqual(await filesIn(dirname(file)), before);
    assert.ok(numbers.every((number) => number > 1) && numbers[0] !== numbers[1], String(numbers));
  });
});
