import assert from "node:assert/strict";
import { readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { all, crashCopy, open, segmentsOf, within } from "../outbox/segments-bench.ts";
import { temporaryFolder } from "../outbox/support.ts";

describe("fault 3: a torn tail", () => {
  it("keeps all before the tear, at every byte of the last entry, and goes on after it", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const { outbox } = await open(directory);
    for (const payload of ["first", "second", "the last"]) await outbox.append(payload);
    const [file = ""] = await segmentsOf(directory);
    const content = await readFile(file);
    const end = content.indexOf('"the last"') + '"the last"'.length;
    const start = content.indexOf('"second"') + '"second"'.length;
    for (let cut = start; cut <= end; cut += 1) {
      const copy = await crashCopy(directory);
      const [torn = ""] = await segmentsOf(copy);
      await truncate(torn, cut);
      await truncate(torn, content.length);
      const kept = cut < end ? ["first", "second"] : ["first", "second", "the last"];
      await within(copy, async (again) => {
        assert.deepEqual(await all(again.outbox), kept, `cut at ${cut}`);
        // Nothing of the last entry is left if the cut is where it began; else its rest shows that it was there.
        assert.equal(again.outbox.counts().dropped, cut > start && cut < end ? 1 : 0, `cut at ${cut}`);
        assert.ok((await again.outbox.append("next")).sequence > 3);
      });
      await within(copy, async (again) => {
        assert.deepEqual(await all(again.outbox), [...kept, "next"], `cut at ${cut}`);
        assert.equal(again.outbox.counts().dropped, 0, "counted once only");
      });
    }
    await outbox.close();
  });

  it("finds nothing to mourn in a segment that was only begun", async () => {
    for (const length of [0, 10, 5000]) {
      const directory = join(await temporaryFolder(), "outbox");
      await within(directory, async () => undefined);
      await truncate((await segmentsOf(directory))[0] ?? "", length);
      await within(directory, async ({ outbox }) => {
        await outbox.append("x".repeat(3000));
        assert.equal(outbox.counts().dropped, 0);
        assert.equal((await all(outbox)).length, 1);
      });
    }
  });
});
