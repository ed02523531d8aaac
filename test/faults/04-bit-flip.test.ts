import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { all, crashCopy, flip, open, segmentsOf, within } from "../outbox/segments-bench.ts";
import { temporaryFolder } from "../outbox/support.ts";

describe("fault 4: a flipped bit", () => {
  it("costs the entry that it hits and no other, wherever it falls in an open segment", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const { outbox } = await open(directory);
    for (const payload of ["one", "two", "three"]) await outbox.append(payload);
    const [file = ""] = await segmentsOf(directory);
    const content = await readFile(file);
    const start = content.indexOf('"one"') + 5;
    const end = content.indexOf('"two"') + 5;
    for (let at = start; at < end; at += 1) {
      const copy = await crashCopy(directory);
      await flip((await segmentsOf(copy))[0] ?? "", at);
      await within(copy, async (again) => {
        assert.deepEqual(await all(again.outbox), ["one", "three"], `byte ${at}`);
        assert.equal(again.outbox.counts().dropped, 1, `byte ${at}`);
        assert.deepEqual(
          again.events.map((event) => event.kind === "damaged" && event.count),
          [1],
        );
      });
    }
    await outbox.close();
  });

  it("costs nothing in the header or the seal: the entries say themselves what they are", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const { outbox } = await open(directory);
    for (let count = 0; count < 7; count += 1) await outbox.append("x".repeat(1000));
    for (const at of [0, 5, 8, 9, 12, 16, 20, 24, 512, 513, 517, 520, 530]) {
      const copy = await crashCopy(directory);
      for (const file of await segmentsOf(copy)) await flip(file, at);
      await within(copy, async (again) => {
        assert.equal((await all(again.outbox)).length, 7, `byte ${at}`);
        assert.equal(again.outbox.counts().dropped, 0, `byte ${at}`);
      });
    }
    await outbox.close();
  });

  it("gives doubles and no loss in the acknowledge cursor", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    await within(directory, async ({ outbox }) => {
      for (const payload of ["one", "two"]) await outbox.append(payload);
      outbox.acknowledge(1);
    });
    const file = join(directory, "acknowledged");
    const { length } = await readFile(file);
    for (const at of [0, 12, 20, length / 2, length / 2 + 12, length / 2 + 20]) {
      const copy = await crashCopy(directory);
      await flip(join(copy, "acknowledged"), at);
      await within(copy, async ({ outbox }) => {
        assert.ok((await all(outbox)).includes("two"), `byte ${at}`);
      });
    }
  });
});
