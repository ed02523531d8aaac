import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Faults, faultyFiles, open, segmentsOf, systemError } from "./segments-bench.ts";
import { temporaryFolder, until } from "./support.ts";
import { PAYLOAD, range, setUp, told, waitingIn, whileSending } from "./unreadable-bench.ts";

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
