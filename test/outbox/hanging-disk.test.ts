import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { createPatience } from "#agent/lib/patience.js";
import { type File, type Files, nodeFiles } from "#agent/outbox/files.js";
import type { Outbox } from "#agent/outbox/outbox.js";
import type { SegmentOutboxOptions } from "#agent/outbox/segments.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { until } from "../support/until.ts";
import { all, crashCopy, open, segmentsOf, within } from "./segments-bench.ts";
import { temporaryFolder } from "./support.ts";

type Operation = keyof File | keyof Files;

/** The disk of this machine, which may keep an operation waiting and then carry it out all the same. */
function hangingFiles() {
  let held: Operation | undefined;
  let release: () => void = () => undefined;
  let gate = Promise.resolve();
  const asked: Operation[] = [];
  async function pass<T>(operation: Operation, act: () => Promise<T>): Promise<T> {
    asked.push(operation);
    if (held === operation) await gate;
    return act();
  }
  function hanging(file: File): File {
    const underWay = new Set<Promise<unknown>>();
    const through = <T>(operation: Operation, act: () => Promise<T>): Promise<T> => {
      const done = pass(operation, act);
      underWay.add(done);
      return done.finally(() => underWay.delete(done));
    };
    return {
      size: () => through("size", file.size),
      read: (buffer, position) => through("read", () => file.read(buffer, position)),
      write: (buffer, position) => through("write", () => file.write(buffer, position)),
      datasync: () => through("datasync", file.datasync),
      // As Node's does: it waits for what is under way.
      async close() {
        await Promise.allSettled(underWay);
        await file.close();
      },
    };
  }
  const files: Files = {
    open: async (path, flags) => hanging(await pass("open", () => nodeFiles.open(path, flags))),
    list: (folder) => pass("list", () => nodeFiles.list(folder)),
    createFolder: nodeFiles.createFolder,
    syncFolder: (folder) => pass("syncFolder", () => nodeFiles.syncFolder(folder)),
    remove: (path) => pass("remove", () => nodeFiles.remove(path)),
  };
  return {
    files,
    asked,
    hang(operation: Operation) {
      held = operation;
      gate = new Promise((done) => {
        release = done;
      });
    },
    /** What was held is done now, late. */
    release() {
      held = undefined;
      release();
    },
  };
}

async function setUp(changes: Partial<SegmentOutboxOptions> = {}) {
  const directory = join(await temporaryFolder(), "outbox");
  const clock = createFakeClock();
  const disk = hangingFiles();
  const patience = createPatience(directory, clock);
  const begin = () => open(directory, { clock, patience, files: disk.files, ...changes });
  /** The clock goes on as long as it takes. */
  async function overTime<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    await until("the end of the work", async () => {
      await clock.advance(1000);
      return isOver;
    });
    return work;
  }
  return { directory, clock, disk, begin, overTime };
}

const kinds = (events: { kind: string }[]) => events.map(({ kind }) => kind);

async function timesOnDisk(directory: string, text: string): Promise<number> {
  const images = await Promise.all((await segmentsOf(directory)).map((file) => readFile(file, "latin1")));
  return images.join().split(`"${text}"`).length - 1;
}

describe("a disk that hangs", () => {
  it("holds an append for 10 s, then all go to memory, bounded, and nothing more is asked of the disk", async () => {
    const { clock, disk, begin, overTime } = await setUp({ ringCapacity: 10 });
    const { outbox, events } = await begin();
    await outbox.append("kept");
    disk.hang("write");
    const from = clock.monotonic();
    const appends = Promise.all(Array.from({ length: 50 }, (_, index) => outbox.append(index)));
    const asked = disk.asked.length;
    await overTime(appends);
    assert.ok(clock.monotonic() - from <= 15_000, `${clock.monotonic() - from} ms`);
    assert.deepEqual(kinds(events), ["memory", "dropped"]);
    assert.match(events[0]?.kind === "memory" ? events[0].cause.message : "", /no answer within 10 s/);
    const { waiting, dropped } = outbox.counts();
    assert.deepEqual([waiting, dropped], [10, 41]);
    await clock.advance(120_000);
    assert.deepEqual(disk.asked.slice(asked), ["write"]);
    assert.deepEqual(
      (await outbox.read(0, 100)).map(({ payload }) => payload),
      [40, 41, 42, 43, 44, 45, 46, 47, 48, 49],
    );
    await assert.rejects(
      overTime(outbox.close()),
      (error) => isAgentError(error) && error.code === "OUTBOX_NOT_SAVED",
    );
    disk.release();
  });

  it("is asked for one segment, not for each, and what was written last comes from memory", async () => {
    const { disk, begin, overTime } = await setUp({ syncEvery: 1e9 });
    const { outbox, events } = await begin();
    for (let count = 0; count < 31; count += 1) await outbox.append("x".repeat(1000));
    disk.hang("open");
    const asked = disk.asked.length;
    const read = async () => (await overTime(outbox.read(0, 100))).map(({ sequence }) => sequence);
    assert.deepEqual(await read(), [31]);
    assert.deepEqual(await read(), [31]);
    assert.deepEqual(disk.asked.slice(asked), ["open"]);
    assert.deepEqual(events, [], "no file is to blame");
    disk.release();
    await until("the disk", async () => (await outbox.read(0, 100)).length === 31);
    await overTime(outbox.close());
  });

  for (const operation of ["write", "datasync", "open", "syncFolder"] as const) {
    it(`that carries out a late ${operation} neither loses an entry nor doubles one`, async () => {
      const { directory, clock, disk, begin, overTime } = await setUp();
      const { outbox, events } = await begin();
      await outbox.append("synced", { urgent: true });
      const text = "x".repeat(3000);
      await outbox.append("unsynced");
      disk.hang(operation);
      // Three that do not fit in the open segment beside each other: the next one has to be opened too.
      for (const name of ["a", "b", "c"]) await overTime(outbox.append(name + text, { urgent: true }));
      await overTime(outbox.append("late", { urgent: true }));
      assert.deepEqual(kinds(events), ["memory"]);
      disk.release();
      await until("the return to disk", async () => {
        await clock.advance(1000);
        return events.at(-1)?.kind === "disk";
      });
      const expected = ["synced", "unsynced", "a", "b", "c", "late"];
      const names = async (from: Outbox<unknown>) =>
        (await all(from)).map((each) => String(each).replace(/x+$/, ""));
      assert.deepEqual(await names(outbox), expected);
      const crashed = await crashCopy(directory);
      outbox.acknowledge(2);
      await outbox.append("after", { urgent: true });
      assert.deepEqual(outbox.counts(), {
        taken: 7,
        acknowledged: 1,
        waiting: 6,
        dropped: 0,
        lastSequence: 7,
      });
      await overTime(outbox.close());
      for (const [left, what] of [
        [crashed, expected],
        [directory, ["synced", "a", "b", "c", "late", "after"]],
      ] as const) {
        await within(left, async (again) => {
          assert.deepEqual(await names(again.outbox), what);
          assert.deepEqual([again.outbox.counts().taken, again.outbox.counts().dropped], [what.length, 0]);
          assert.deepEqual(again.events, []);
        });
      }
    });
  }

  it("may have an entry twice, in the segment that was given up and in the next: it comes once", async () => {
    const { directory, clock, disk, begin, overTime } = await setUp();
    const { outbox, events } = await begin();
    await outbox.append("synced", { urgent: true });
    disk.hang("write");
    await overTime(outbox.append("twice"));
    disk.release();
    await until("the late write", async () => (await timesOnDisk(directory, "twice")) === 1);
    // Killed now, before the agent has gone back to the disk: what came late is there.
    const early = await crashCopy(directory);
    await until("the return to disk", async () => {
      await clock.advance(1000);
      return events.at(-1)?.kind === "disk";
    });
    assert.equal(await timesOnDisk(directory, "twice"), 2);
    const late = await crashCopy(directory);
    for (const left of [early, late]) {
      await within(left, async (again) => {
        assert.deepEqual(
          (await again.outbox.read(0, 10)).map(({ sequence, payload }) => [sequence, payload]),
          [
            [1, "synced"],
            [2, "twice"],
          ],
        );
        again.outbox.acknowledge(2);
      });
      await within(left, async (again) => assert.deepEqual(await all(again.outbox), ["synced"]));
    }
    await overTime(outbox.close());
  });

  for (const operation of ["list", "open"] as const) {
    it(`whose ${operation} hangs at the start is no reason to wait, and what it has comes when it answers`, async () => {
      const { clock, disk, begin, overTime } = await setUp();
      const first = await begin();
      await first.outbox.append("old");
      await first.outbox.close();
      disk.hang(operation);
      const { outbox, events } = await overTime(begin());
      assert.deepEqual(kinds(events), ["memory"]);
      await outbox.append("new");
      assert.deepEqual(await all(outbox), ["new"]);
      disk.release();
      await until("the return to disk", async () => {
        await clock.advance(1000);
        return events.at(-1)?.kind === "disk";
      });
      assert.deepEqual(await all(outbox), ["old", "new"]);
      await overTime(outbox.close());
    });
  }
});
