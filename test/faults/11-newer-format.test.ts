import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { isAgentError } from "#agent/errors.js";
import { all, open, segmentsOf, within } from "../outbox/segments-bench.ts";
import { temporaryFolder } from "../outbox/support.ts";

describe("fault 11: state of a newer version", () => {
  it("is refused by name and versions, and no file in the folder is touched", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    await within(directory, async ({ outbox }) => {
      for (let count = 0; count < 9; count += 1) await outbox.append("x".repeat(1000));
    });
    const [, second = ""] = await segmentsOf(directory);
    const ours = await readFile(second);
    const newer = Buffer.from(ours);
    newer.writeUInt32LE(2, 8);
    newer.writeUInt32LE(crc32(newer.subarray(0, 12)), 12);
    await writeFile(second, newer);
    const before = await contentOf(directory);
    await assert.rejects(open(directory), (error) => {
      assert.ok(isAgentError(error));
      assert.equal(error.code, "OUTBOX_NEWER_FORMAT");
      assert.ok(
        error.message.includes(second) && /version 2\b.*up to 1\b/.test(error.message),
        error.message,
      );
      return !error.retryable;
    });
    assert.deepEqual(await contentOf(directory), before);
    await writeFile(second, ours);
    await within(directory, async ({ outbox }) => assert.equal((await all(outbox)).length, 9));
  });
});

async function contentOf(directory: string): Promise<Map<string, Buffer>> {
  const names = (await readdir(directory)).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(directory, name))));
  return new Map(names.map((name, index) => [name, contents[index] ?? Buffer.alloc(0)]));
}
