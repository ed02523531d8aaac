import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isAborted, isAgentError } from "#agent/errors.js";
import {
  all,
  crashCopy,
  faultyFiles,
  flip,
  open,
  segmentsOf,
  systemError,
  within,
} from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";

const PAYLOAD = "x".repeat(1000);

async function folder(): Promise<string> {
  return join(await temporaryFolder(), "outbox");
}

describe("openSegmentOutbox", () => {
  it("keeps entries across a clean stop, in order, with their sequence and urgency, and goes on counting", async () => {
    const directory = await folder();
    const first = await open(directory);
    await first.outbox.append({ a: 1 });
    await first.outbox.append("ü\u0000", { urgent: true });
    await first.outbox.append(null);
    first.outbox.acknowledge(1);
    await first.outbox.close();
    const { outbox, events } = await open(directory);
    assert.deepEqual(await outbox.read(0, 10), [
      { sequence: 2, payload: "ü\u0000", urgent: true },
      { sequence: 3, payload: null, urgent: false },
    ]);
    assert.deepEqual(outbox.counts(), { taken: 2, acknowledged: 0, waiting: 2, dropped: 0, lastSequence: 3 });
    assert.equal((await outbox.append("next")).sequence, 4);
    assert.deepEqual(events, []);
    await outbox.close();
  });

  it("does not take for old what was only in memory until the disk told how long earlier runs had been", async () => {
    const DAY = 86_400_000;
    const directory = await folder();
    const first = await open(directory, { maxAge: 30 * DAY });
    await first.clock.advance(40 * DAY);
    first.outbox.acknowledge((await first.outbox.append(PAYLOAD)).sequence);
    await first.outbox.close();
    const faults: Parameters<typeof faultyFiles>[0] = {
      list: () => {
        throw systemError("EIO");
      },
    };
    const { outbox, events, clock } = await open(directory, {
      maxAge: 30 * DAY,
      files: faultyFiles(faults),
    });
    // More than the segment of the earlier run has room for: the rest stands in one of its own.
    for (let count = 0; count < 10; count += 1) await outbox.append(PAYLOAD);
    delete faults.list;
    await clock.advance(2000);
    await until(() => events.at(-1)?.kind === "disk", "the disk");
    for (let sequence = 1; sequence <= 9; sequence += 1) outbox.acknowledge(sequence);
    while ((await segmentsOf(directory)).length > 1) await clock.advance(10_000);
    await outbox.append("new");
    assert.deepEqual(await all(outbox), [PAYLOAD, PAYLOAD, "new"]);
    assert.equal(outbox.counts().dropped, 0);
    await outbox.close();
  });

  it("keeps acknowledgements that came out of order, over many segments", async () => {
    const directory = await folder();
    const first = await open(directory);
    for (let count = 0; count < 40; count += 1) await first.outbox.append(PAYLOAD);
    for (const sequence of [40, 3, 20, 1, 2, 3, 99]) first.outbox.acknowledge(sequence);
    assert.equal(first.outbox.counts().acknowledged, 5);
    await first.outbox.close();
    const { outbox } = await open(directory);
    const waiting = (await outbox.read(0, 100)).map(({ sequence }) => sequence);
    assert.deepEqual(waiting, [...range(4, 19), ...range(21, 39)]);
    assert.deepEqual(
      (await outbox.read(18, 3)).map(({ sequence }) => sequence),
      [19, 21, 22],
    );
    await outbox.close();
  });

  it("has an entry until it is acknowledged, discarded or dropped", async () => {
    const { outbox } = await open(await folder(), { maxBytes: 8192 * 5 });
    for (let count = 0; count < 12; count += 1) await outbox.append(PAYLOAD);
    outbox.acknowledge(5);
    outbox.discard(7, new Error("no sample"));
    await outbox.append(PAYLOAD);
    const had = range(0, 14).filter((sequence) => outbox.has(sequence));
    assert.deepEqual(had, [4, 6, ...range(8, 13)]);
    await outbox.close();
  });

  it("gives the space of acknowledged segments back, and writes on in the open one", async () => {
    const directory = await folder();
    const { outbox } = await open(directory);
    for (let count = 0; count < 40; count += 1) await outbox.append(PAYLOAD);
    assert.ok((await segmentsOf(directory)).length > 10);
    for (const sequence of range(1, 40)) outbox.acknowledge(sequence);
    await outbox.close();
    assert.equal((await segmentsOf(directory)).length, 1);
    for (let run = 0; run < 5; run += 1) await (await open(directory)).outbox.close();
    assert.equal((await segmentsOf(directory)).length, 1);
  });

  it("writes the cursor at the next beat, not at each acknowledgement", async () => {
    const directory = await folder();
    const first = await open(directory);
    await first.outbox.append("a");
    await first.outbox.append("b");
    first.outbox.acknowledge(1);
    assert.deepEqual(await leftIn(await crashCopy(directory)), ["a", "b"]);
    await until(() => first.clock.sleepers() === 1, "the beat");
    await first.clock.advance(10_000);
    await first.outbox.append("c");
    assert.deepEqual(await leftIn(await crashCopy(directory)), ["b", "c"]);
    await first.outbox.close();
  });

  it("drops the oldest segment at the cap, counted, and only what still waited", async () => {
    const { outbox, events } = await open(await folder(), { maxBytes: 8192 * 5 });
    for (let count = 0; count < 13; count += 1) await outbox.append(PAYLOAD);
    assert.equal(outbox.counts().dropped, 3);
    outbox.acknowledge(4);
    for (let count = 0; count < 3; count += 1) await outbox.append(PAYLOAD);
    const { taken, acknowledged, dropped, waiting } = outbox.counts();
    assert.deepEqual([taken, acknowledged, dropped, waiting], [16, 1, 5, 10]);
    assert.deepEqual(events, [
      { kind: "dropped", reason: "bytes", count: 3 },
      { kind: "dropped", reason: "bytes", count: 2 },
    ]);
    await outbox.close();
  });

  it("drops by running time, whatever the wall clock says", async () => {
    const directory = await folder();
    const { outbox, clock, events } = await open(directory, { maxAge: 3600_000 });
    for (let count = 0; count < 5; count += 1) await outbox.append(PAYLOAD);
    clock.jumpWall(365 * 86_400_000);
    await outbox.append("after the jump");
    assert.equal(outbox.counts().dropped, 0);
    await clock.advance(3602_000);
    await outbox.append("late");
    assert.deepEqual(await all(outbox), ["late"]);
    assert.deepEqual(outbox.counts().dropped, 6);
    assert.equal(events.length, 2);
    await outbox.close();
    const later = await open(directory, { maxAge: 3600_000 });
    await later.clock.advance(3601_000);
    await later.outbox.append("an hour of two runs later");
    assert.deepEqual(await all(later.outbox), ["an hour of two runs later"]);
    await later.outbox.close();
  });

  it("loses of a damaged sealed segment only the entry that was hit, found when it is read", async () => {
    const directory = await folder();
    const first = await open(directory);
    for (let count = 1; count <= 12; count += 1) await first.outbox.append(`${PAYLOAD}#${count}#`);
    await first.outbox.close();
    await flip((await segmentsOf(directory))[1] ?? "", "#5#");
    const { outbox, events } = await open(directory);
    assert.equal(outbox.counts().waiting, 12);
    const found = (await outbox.read(0, 100)).map(({ sequence }) => sequence);
    assert.deepEqual(found, [...range(1, 4), ...range(6, 12)]);
    assert.equal(outbox.counts().dropped, 1);
    assert.deepEqual(
      events.map((event) => event.kind === "damaged" && event.count),
      [1],
    );
    await outbox.close();
  });

  it("reads on when a segment has vanished or the disk cannot read part of it", async () => {
    const directory = await folder();
    const first = await open(directory);
    for (let count = 0; count < 12; count += 1) await first.outbox.append(PAYLOAD);
    await first.outbox.close();
    const { outbox } = await open(directory);
    await rm((await segmentsOf(directory))[0] ?? "");
    assert.equal((await outbox.read(0, 100)).length, 9);
    const { dropped, waiting } = outbox.counts();
    assert.deepEqual([dropped, waiting], [3, 9]);
    await outbox.close();
  });

  it("refuses what it cannot keep, without using up a number", async () => {
    const { outbox } = await open(await folder());
    await assert.rejects(outbox.append(undefined), /no JSON/);
    await assert.rejects(outbox.append("x".repeat(8192)), (error) =>
      Boolean(isAgentError(error) && error.code === "OUTBOX_ENTRY_TOO_LARGE"),
    );
    assert.equal((await outbox.append("fits")).sequence, 1);
    await outbox.close();
  });

  it("names an option out of range, with what is allowed", async () => {
    const directory = await folder();
    for (const bad of [
      { maxBytes: 8192 },
      { ringCapacity: 0 },
      { syncEvery: 0 },
      { maxAge: -1 },
      { segmentBytes: 1 },
    ]) {
      const [name = ""] = Object.keys(bad);
      await assert.rejects(
        open(directory, bad),
        (error) => error instanceof RangeError && error.message.startsWith(name),
      );
    }
  });

  it("waitFor resolves for what is there and for what comes", async () => {
    const { outbox } = await open(await folder());
    const waiting = outbox.waitFor(1, new AbortController().signal);
    await outbox.append("a");
    await outbox.waitFor(0, new AbortController().signal);
    await outbox.append("b");
    await waiting;
    await assert.rejects(outbox.waitFor(2, AbortSignal.abort()), isAborted);
    await outbox.close();
  });

  it("starts in memory where its folder cannot be read, and takes in what was there once it can", async () => {
    const directory = await folder();
    const first = await open(directory);
    await first.outbox.append("old");
    await first.outbox.close();
    let isBroken = true;
    const files = faultyFiles({
      list: () => {
        if (isBroken) throw systemError("EIO");
      },
    });
    const { outbox, clock, events } = await open(directory, { files });
    const sent = await outbox.append("sent");
    await outbox.append("new");
    outbox.acknowledge(sent.sequence);
    await clock.advance(10_000);
    isBroken = false;
    await clock.advance(60_000);
    await until(() => events.length === 2, "the return to disk");
    assert.deepEqual(await all(outbox), ["old", "new"]);
    await outbox.close();
    assert.deepEqual(await leftIn(directory), ["old", "new"]);
  });

  it("hides no new entry behind old ones when the file of the sequence is lost", async () => {
    const directory = await folder();
    await within(directory, async ({ outbox }) => {
      for (let count = 0; count < 5; count += 1) outbox.acknowledge((await outbox.append("old")).sequence);
    });
    await rm(`${directory}.sequence`);
    await within(directory, async ({ outbox }) => {
      assert.equal((await outbox.append("new")).sequence, 6);
    });
    assert.deepEqual(await leftIn(directory), ["new"]);
  });

  it("says at the end what it could not save", async () => {
    const directory = await folder();
    await writeFile(directory, "a file where the folder should be");
    const { outbox, events } = await open(directory);
    await outbox.append("a");
    assert.deepEqual(await all(outbox), ["a"]);
    await assert.rejects(outbox.close(), (error) =>
      Boolean(isAgentError(error) && error.code === "OUTBOX_NOT_SAVED" && /^1 waiting/.test(error.message)),
    );
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["memory"],
    );
  });

  it("saves at the end what memory holds, if it can", async () => {
    const directory = await folder();
    await writeFile(directory, "in the way");
    const { outbox } = await open(directory);
    await outbox.append("a");
    await rm(directory);
    await mkdir(directory);
    await outbox.close();
    assert.deepEqual(await leftIn(directory), ["a"]);
  });
});

async function leftIn(directory: string): Promise<unknown[]> {
  return within(directory, ({ outbox }) => all(outbox));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
