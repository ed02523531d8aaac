import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { isAgentError } from "#agent/errors.js";
import { openSequence } from "#agent/outbox/sequence.js";
import {
  crashCopy,
  type Faults,
  faultyFiles,
  open,
  segmentsOf,
  systemError,
  within,
} from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";
import { PAYLOAD, range, setUp, told, waitingIn, whileSending } from "./unreadable-bench.ts";

const HOUR = 3600_000;

describe("a segment that cannot be read at the start", () => {
  /** What an earlier run has left: `count` entries, the first `done` of them acknowledged. */
  async function leave(count: number, done = 0) {
    const bench = await setUp(count);
    for (const sequence of range(1, done)) bench.outbox.acknowledge(sequence);
    await bench.outbox.close();
    return { directory: bench.directory, segments: await segmentsOf(bench.directory) };
  }

  /** What a run has left that comes after a thousand hours of others: five entries. */
  async function leaveLate() {
    const directory = join(await temporaryFolder(), "outbox");
    const { outbox, clock } = await open(directory);
    await clock.advance(1000 * HOUR);
    for (let each = 0; each < 5; each += 1) await outbox.append(PAYLOAD);
    await outbox.close();
    return { directory, segments: await segmentsOf(directory) };
  }

  it("is left where it is, told once; the others go on, on disk, and it follows once it can be read", async () => {
    const { directory, segments } = await leave(31, 1);
    const [first = ""] = segments;
    await rename(first, `${directory}.away`);
    await symlink(first, first);
    const bench = await open(directory);
    const { outbox, clock, events } = bench;
    assert.match(told(events).join(), /^\S+ cannot be read: ELOOP/);
    await outbox.append("new");
    await whileSending(bench, async (sent) => {
      await until(() => sent.length === 29, "the others");
      assert.deepEqual(sent, range(4, 32));
      await clock.advance(20_000);
      await assert.rejects(outbox.append(undefined), /no JSON/, "has its turn after the beat");
      const now = await crashCopy(directory);
      await rm(first);
      await rename(`${directory}.away`, first);
      await clock.advance(60_000);
      await until(() => sent.length === 31, "what was kept back");
      assert.deepEqual(sent.slice(29), [2, 3]);
      // Nor does a start after a crash take what was not read for done.
      await rm(join(now, basename(first)));
      await cp(first, join(now, basename(first)));
      await within(now, async (again) => assert.deepEqual(await waitingIn(again), [2, 3]));
    });
    assert.deepEqual(told(events).slice(1), ["readable"]);
    const { taken, acknowledged, dropped, waiting } = outbox.counts();
    assert.deepEqual([taken, acknowledged, dropped, waiting], [31, 31, 0, 0]);
    await outbox.close();
    await within(directory, async (again) => assert.deepEqual(await waitingIn(again), []));
  });

  it("may be the newest: its numbers are not used again, not even if their file is lost too", async () => {
    const { directory, segments } = await leave(31);
    const newest = segments.at(-1) ?? "";
    await rm(`${directory}.sequence`);
    await rm(join(directory, "acknowledged"));
    const faults: Faults = {
      read: (path) => {
        if (path === newest) throw systemError("EBADMSG");
      },
    };
    const bench = await open(directory, { files: faultyFiles(faults) });
    const { sequence } = await bench.outbox.append("new");
    assert.ok(sequence > 31, `${sequence}`);
    assert.deepEqual(await waitingIn(bench), [...range(1, 30), sequence]);
    delete faults.read;
    await until(() => bench.clock.sleepers() > 0, "the next try");
    await bench.clock.advance(60_000);
    await until(() => told(bench.events).at(-1) === "readable", "the next try");
    assert.deepEqual(await waitingIn(bench), [...range(1, 31), sequence]);
    assert.equal(bench.outbox.counts().taken, 32);
    await bench.outbox.close();
  });

  it("is not waited for: a courier that has nothing more to send hears of it", async () => {
    const { directory, segments } = await leave(6);
    const faults: Faults = {
      open: (path) => {
        if (path === segments[0]) throw systemError("ESTALE");
      },
    };
    const bench = await open(directory, { files: faultyFiles(faults) });
    const more = bench.outbox.waitFor(6, new AbortController().signal);
    delete faults.open;
    await bench.clock.advance(1000);
    await more;
    assert.deepEqual(await waitingIn(bench), range(1, 6));
    await bench.outbox.close();
  });

  it("goes when a bound is reached, told, and is over when somebody takes it away", async () => {
    const { directory, segments } = await leave(12);
    const fail = (path: string) => {
      if (segments.slice(0, 2).includes(path)) throw systemError("EACCES");
    };
    const bench = await open(directory, { files: faultyFiles({ open: fail }), maxBytes: 8192 * 5 });
    await bench.outbox.append(PAYLOAD);
    assert.deepEqual(told(bench.events).slice(2), ["readable", "unread-dropped"]);
    assert.deepEqual(await segmentsOf(directory), [
      ...segments.slice(1),
      ...(await segmentsOf(directory)).slice(-1),
    ]);
    await rm(segments[1] ?? "");
    await bench.clock.advance(60_000);
    await until(() => bench.events.length === 5, "the next try");
    assert.deepEqual(told(bench.events).slice(4), ["readable"]);
    assert.deepEqual(await waitingIn(bench), range(7, 13));
    assert.equal(bench.outbox.counts().dropped, 0);
    await bench.outbox.close();
  });

  it("goes when it is too old, as far as can be told from the next one", async () => {
    const { directory, segments } = await leave(12);
    const fail = (path: string) => {
      if (path === segments[0]) throw systemError("EACCES");
    };
    const bench = await open(directory, { files: faultyFiles({ open: fail }), maxAge: HOUR });
    await bench.clock.advance(3598_000);
    await bench.outbox.append("young");
    assert.deepEqual(told(bench.events).slice(1), []);
    await bench.clock.advance(4000);
    await bench.outbox.append("new");
    assert.deepEqual(told(bench.events).slice(1, 3), ["readable", "unread-dropped"]);
    assert.deepEqual(await waitingIn(bench), range(10, 14), "the young one stands beside them");
    await bench.outbox.close();
  });

  it("makes neither itself nor what comes after it look old", async () => {
    const { directory, segments: old } = await leaveLate();
    const fail = (path: string) => {
      if (old.includes(path)) throw systemError("EACCES");
    };
    const blind = await open(directory, { files: faultyFiles({ open: fail }) });
    for (let each = 0; each < 7; each += 1) await blind.outbox.append(PAYLOAD);
    const waiting = await waitingIn(blind);
    await blind.outbox.close();

    const next = await open(directory, { maxAge: HOUR });
    for (const sequence of range(1, 5)) next.outbox.acknowledge(sequence);
    await next.clock.advance(60_000);
    const { sequence } = await next.outbox.append("new");
    assert.deepEqual(told(next.events), []);
    assert.deepEqual(await waitingIn(next), [...waiting, sequence]);
    await next.outbox.close();
  });

  it("is not taken for old for the sake of an empty one after it", async () => {
    const { directory, segments } = await leaveLate();
    const [, newest] = segments;
    const fail = (path: string) => {
      if (path === newest) throw systemError("EACCES");
    };
    const files = faultyFiles({ open: fail });
    await (await open(directory, { files })).outbox.close();
    assert.equal((await segmentsOf(directory)).length, 3, "an empty one");

    const next = await open(directory, { files, maxAge: HOUR });
    for (const sequence of range(1, 3)) next.outbox.acknowledge(sequence);
    await next.clock.advance(60_000);
    await next.outbox.append("new");
    assert.equal(told(next.events).includes("unread-dropped"), false);
    await next.outbox.close();
    await within(directory, async (again) => assert.deepEqual((await waitingIn(again)).slice(0, 2), [4, 5]));
  });

  it("does not have its numbers used again above what the cursor tells, either", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const numbers = await openSequence(`${directory}.sequence`);
    numbers.goAbove?.(1000);
    const first = await open(directory, { sequence: numbers });
    for (let each = 0; each < 6; each += 1) await first.outbox.append(PAYLOAD);
    const [oldest = 0] = await waitingIn(first);
    first.outbox.acknowledge(oldest);
    await first.clock.advance(60_000);
    await until(() => existsSync(join(directory, "acknowledged")), "the cursor");
    for (let each = 0; each < 3; each += 1) await first.outbox.append(PAYLOAD);
    const left = await waitingIn(first);
    const crashed = await crashCopy(directory);
    await first.outbox.close();
    await rm(`${crashed}.sequence`);

    const faults: Faults = {
      open: () => {
        throw systemError("EACCES");
      },
    };
    const blind = await open(crashed, { files: faultyFiles(faults) });
    delete faults.open;
    const { sequence } = await blind.outbox.append("new");
    await blind.clock.advance(60_000);
    await until(() => blind.outbox.counts().waiting > left.length, "the old ones");
    assert.deepEqual(await waitingIn(blind), [...left, sequence]);
    await blind.outbox.close();
  });

  it("may be one that can be read and not written on: a new one is", async () => {
    const { directory, segments } = await leave(5);
    const fail = (path: string, flags: string) => {
      if (path === segments[1] && flags !== "r") throw systemError("EACCES");
    };
    const bench = await open(directory, { files: faultyFiles({ open: fail }) });
    await bench.outbox.append("new");
    assert.equal((await segmentsOf(directory)).length, 3);
    assert.deepEqual(await waitingIn(bench), range(1, 6));
    assert.deepEqual(bench.events, []);
    await bench.outbox.close();
    await within(directory, async (again) => assert.deepEqual(await waitingIn(again), range(1, 6)));
  });

  it("costs no room for an error that passes", async () => {
    const { directory, segments } = await leave(5);
    let isFirst = true;
    const fail = (path: string, flags: string) => {
      if (path !== segments[1] || flags === "r" || !isFirst) return;
      isFirst = false;
      throw systemError("EMFILE");
    };
    const bench = await open(directory, { files: faultyFiles({ open: fail }), maxBytes: 8192 * 3 });
    await bench.clock.advance(1000);
    await until(() => told(bench.events).length === 2, "the return to the disk");
    assert.deepEqual(told(bench.events), ["memory", "disk"]);
    await bench.outbox.append("new");
    assert.deepEqual(await waitingIn(bench), range(1, 6));
    await bench.outbox.close();
  });

  it("refuses no start, but one of a newer format among the others does", async () => {
    const { directory, segments } = await leave(12);
    await rm(segments[0] ?? "");
    await mkdir(segments[0] ?? "");
    const bytes = await readFile(segments[2] ?? "");
    bytes.writeUInt32LE(99, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    await writeFile(segments[2] ?? "", bytes);
    await assert.rejects(open(directory), (error) =>
      Boolean(isAgentError(error) && error.code === "OUTBOX_NEWER_FORMAT"),
    );
    await rm(segments[2] ?? "");
    await within(directory, async (again) =>
      assert.deepEqual(await waitingIn(again), [...range(4, 6), ...range(10, 12)]),
    );
  });
});
