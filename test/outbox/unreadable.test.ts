import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { isAgentError } from "#agent/errors.js";
import { createRate } from "#agent/lib/rate.js";
import { createCourier } from "#agent/outbox/courier.js";
import type { OutboxEvent } from "#agent/outbox/health.js";
import { openSequence } from "#agent/outbox/sequence.js";
import {
  crashCopy,
  type Faults,
  faultyFiles,
  type Opened,
  open,
  segmentsOf,
  systemError,
  within,
} from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";

const PAYLOAD = "x".repeat(1000);

/** Segments of three entries each. */
async function setUp(count: number) {
  const directory = join(await temporaryFolder(), "outbox");
  const faults: Faults = {};
  const opened = await open(directory, { files: faultyFiles(faults) });
  for (let each = 0; each < count; each += 1) await opened.outbox.append(PAYLOAD);
  return { ...opened, faults, segments: await segmentsOf(directory), directory };
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const waitingIn = async ({ outbox }: Pick<Opened, "outbox">, after = 0) =>
  (await outbox.read(after, 1000)).map(({ sequence }) => sequence);

const told = (events: OutboxEvent[]) =>
  events.map((event) => (event.kind === "unreadable" ? event.cause.message : event.kind));

/** Sends what waits to a cloud that takes it at once, until `work` is done. */
async function whileSending(
  { outbox, clock }: Pick<Opened, "outbox" | "clock">,
  work: (sent: number[], failures: unknown[]) => Promise<void>,
): Promise<void> {
  const sent: number[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const courier = createCourier({
    outbox,
    send: async ({ sequence }) => void sent.push(sequence),
    ready: async () => {},
    inFlight: 2,
    rate: createRate(0, clock),
    clock,
    onFailure: (error) => failures.push(error),
  });
  const running = courier.run(stopping.signal);
  try {
    await work(sent, failures);
  } finally {
    stopping.abort();
    await running;
  }
}

describe("a segment that cannot be read", () => {
  for (const code of ["EBADMSG", "EACCES", "ELOOP", "ESTALE"]) {
    it(`for ${code} keeps back its own entries alone, is told once, and they follow once it can be`, async () => {
      const bench = await setUp(40);
      const { outbox, clock, events, faults, segments } = bench;
      const [broken] = segments;
      faults.open = (path, flags) => {
        if (path === broken && flags === "r") throw systemError(code);
      };
      await whileSending(bench, async (sent, failures) => {
        await until(() => sent.length === 37, "the others of before");
        for (let count = 1; count <= 16; count += 1) {
          await outbox.append(PAYLOAD);
          await clock.advance(500);
          await until(() => sent.length >= 36 + count, `those before sample ${count}`);
        }
        await clock.advance(500);
        await until(() => sent.length === 53, "the last sample");
        assert.deepEqual(sent, range(4, 56));
        assert.deepEqual([told(events), failures], [[`${broken} cannot be read: ${code}: injected`], []]);
        assert.equal(outbox.counts().waiting, 3);
        delete faults.open;
        await clock.advance(60_000);
        await until(() => sent.length === 56, "what was kept back");
        assert.deepEqual(sent.slice(53), [1, 2, 3]);
      });
      assert.deepEqual(told(events).slice(1), ["readable"]);
      const { acknowledged, dropped, waiting } = outbox.counts();
      assert.deepEqual([acknowledged, dropped, waiting], [56, 0, 0]);
      await outbox.close();
    });
  }

  it("is tried ever more seldom", async () => {
    const bench = await setUp(12);
    let tries = 0;
    bench.faults.read = (path) => {
      if (path !== bench.segments[1]) return;
      tries += 1;
      throw systemError("EBADMSG");
    };
    for (let second = 0; second < 3600; second += 1) {
      assert.deepEqual(await waitingIn(bench), [...range(1, 3), ...range(7, 12)]);
      await bench.clock.advance(1000);
    }
    // At first, after 1, 2, 4, 8, 16 and 32 s more, then once a minute.
    assert.equal(tries, 1 + 6 + 58);
    delete bench.faults.read;
    await bench.clock.advance(60_000);
    assert.deepEqual(await waitingIn(bench), range(1, 12));
    await bench.outbox.close();
  });

  it("keeps back neither one in memory nor one that waits only there, if others cannot be read either", async () => {
    const bench = await setUp(31);
    const unreadable = new Set(bench.segments.slice(0, 8));
    bench.faults.open = (path, flags) => {
      if (flags === "r" && unreadable.has(path)) throw systemError("EACCES");
    };
    assert.deepEqual(await waitingIn(bench), [31], "the disk may be at fault: first what needs none");
    assert.equal(bench.events.length, 3);
    assert.deepEqual(await waitingIn(bench), [31]);
    assert.deepEqual(await waitingIn(bench), range(25, 31));
    assert.equal(bench.events.length, 8);
    bench.faults.write = () => {
      throw systemError("ENOSPC");
    };
    await bench.outbox.append(PAYLOAD);
    assert.deepEqual(await waitingIn(bench), range(25, 32));
    delete bench.faults.write;
    delete bench.faults.open;
    await bench.outbox.close();
  });

  it("goes at the cap, counted, also if it cannot be removed", async () => {
    const directory = join(await temporaryFolder(), "outbox");
    const faults: Faults = {};
    const bench = await open(directory, { files: faultyFiles(faults), maxBytes: 8192 * 5 });
    for (let count = 0; count < 12; count += 1) await bench.outbox.append(PAYLOAD);
    const [broken] = await segmentsOf(directory);
    const fail = (path: string) => {
      if (path === broken) throw systemError("EUCLEAN");
    };
    Object.assign(faults, { open: fail, remove: fail });
    assert.deepEqual(await waitingIn(bench), range(4, 12));
    await bench.outbox.append(PAYLOAD);
    assert.deepEqual(await waitingIn(bench), range(4, 13));
    assert.deepEqual(told(bench.events).slice(1), ["readable", "dropped"]);
    assert.equal(bench.outbox.counts().dropped, 3);
    await bench.outbox.close();
  });
});

describe("a segment that cannot be read at the start", () => {
  /** What an earlier run has left: `count` entries, the first `done` of them acknowledged. */
  async function leave(count: number, done = 0) {
    const bench = await setUp(count);
    for (const sequence of range(1, done)) bench.outbox.acknowledge(sequence);
    await bench.outbox.close();
    return { directory: bench.directory, segments: await segmentsOf(bench.directory) };
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
    const bench = await open(directory, { files: faultyFiles({ open: fail }), maxAge: 3600_000 });
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
    const HOUR = 3600_000;
    const directory = join(await temporaryFolder(), "outbox");
    const long = await open(directory);
    await long.clock.advance(1000 * HOUR);
    for (let each = 0; each < 5; each += 1) await long.outbox.append(PAYLOAD);
    await long.outbox.close();
    const old = await segmentsOf(directory);
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
    const HOUR = 3600_000;
    const directory = join(await temporaryFolder(), "outbox");
    const long = await open(directory);
    await long.clock.advance(1000 * HOUR);
    for (let each = 0; each < 5; each += 1) await long.outbox.append(PAYLOAD);
    await long.outbox.close();
    const [, newest] = await segmentsOf(directory);
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
