import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { all, faultyFiles, open, segmentsOf, systemError, within } from "../outbox/segments-bench.ts";
import { temporaryFolder, until } from "../outbox/support.ts";
import { until as eventually } from "../support/until.ts";

describe("fault 7: EIO on fdatasync", () => {
  it("abandons the segment, never syncs it again, and writes what was unsynced to a new one", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const faults = createSyncFault();
    const { outbox, events, clock } = await open(directory, { files: faults.files });
    await outbox.append("synced", { urgent: true });
    await outbox.append("unsynced");
    faults.failNext(1);
    await outbox.append("urgent", { urgent: true });
    assert.deepEqual(await all(outbox), ["synced", "unsynced", "urgent"]);
    assert.equal((await segmentsOf(directory)).length, 2);
    assert.deepEqual(events, [], "a new segment was enough");
    await outbox.append("later");
    faults.failNext(1);
    await until(() => clock.sleepers() === 1, "the beat");
    await clock.advance(10_000);
    await outbox.append("last");
    assert.equal((await segmentsOf(directory)).length, 3);
    await outbox.close();
    assert.deepEqual(faults.syncsAfterFailure(), [], "a failed sync must not be retried as clean");
    await within(directory, async (again) => {
      assert.deepEqual(await all(again.outbox), ["synced", "unsynced", "urgent", "later", "last"]);
      assert.equal(again.outbox.counts().dropped, 0);
    });
  });

  it("goes to memory when the new segment fails too, and back to disk when the disk has recovered", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const faults = createSyncFault();
    const { outbox, events, clock } = await open(directory, { files: faults.files });
    await outbox.append("a");
    faults.failNext(4);
    const { sequence } = await outbox.append("b", { urgent: true });
    await outbox.append("c");
    assert.equal(sequence, 2);
    // What a failed sync has left in the cache of the kernel is not to be relied on.
    for (const file of await segmentsOf(directory)) await rm(file);
    assert.deepEqual(await all(outbox), ["a", "b", "c"]);
    await eventually("the return to disk", async () => {
      await clock.advance(60_000);
      return events.at(-1)?.kind === "disk";
    });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["memory", "disk"],
    );
    await outbox.append("d");
    assert.deepEqual(await all(outbox), ["a", "b", "c", "d"]);
    await outbox.close();
    await within(directory, async (again) => assert.deepEqual(await all(again.outbox), ["a", "b", "c", "d"]));
  });
});

/** A disk that says EIO on some syncs, and sees which files are synced after that. */
function createSyncFault() {
  let failures = 0;
  const failed = new Set<string>();
  const again: string[] = [];
  const plain = faultyFiles({});
  return {
    failNext: (count: number) => {
      failures = count;
    },
    syncsAfterFailure: () => again,
    files: {
      ...plain,
      async open(path: string, flags: "r" | "r+" | "wx+") {
        const file = await plain.open(path, flags);
        return {
          ...file,
          async datasync() {
            if (failed.has(path)) again.push(path);
            if (failures > 0) {
              failures -= 1;
              failed.add(path);
              throw systemError("EIO");
            }
            await file.datasync();
          },
        };
      },
    },
  };
}
