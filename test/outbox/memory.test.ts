import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isAborted } from "#agent/errors.js";
import { createMemoryOutbox } from "#agent/outbox/memory.js";
import type { Outbox } from "#agent/outbox/outbox.js";
import { openSequence } from "#agent/outbox/sequence.js";
import { temporaryFolder } from "./support.ts";

async function openOutbox(capacity: number): Promise<Outbox<string>> {
  const sequence = await openSequence(join(await temporaryFolder(), "sequence.json"), { block: 1000 });
  return createMemoryOutbox<string>({ capacity, sequence });
}

async function payloads(outbox: Outbox<string>, after = 0, limit = 100): Promise<string> {
  return (await outbox.read(after, limit)).map(({ payload }) => payload).join(" ");
}

describe("the memory outbox", () => {
  it("keeps the order of the appends and reads from any place on", async () => {
    const outbox = await openOutbox(10);
    await Promise.all(["a", "b", "c", "d"].map((payload) => outbox.append(payload)));
    assert.equal(await payloads(outbox), "a b c d");
    assert.equal(await payloads(outbox, 1, 2), "b c");
    assert.equal(await payloads(outbox, 4), "");
    assert.deepEqual(await outbox.read(3, 1), [{ sequence: 4, payload: "d", urgent: false }]);
  });

  it("gives up what is acknowledged, in any order, and ignores what it does not know", async () => {
    const outbox = await openOutbox(10);
    for (const payload of ["a", "b", "c"]) await outbox.append(payload);
    outbox.acknowledge(2);
    outbox.acknowledge(2);
    outbox.acknowledge(99);
    assert.equal(await payloads(outbox), "a c");
    assert.deepEqual(outbox.counts(), { taken: 3, acknowledged: 1, waiting: 2, dropped: 0, lastSequence: 3 });
  });

  it("when full, drops the oldest that is not urgent, and an urgent one only if all are", async () => {
    const outbox = await openOutbox(3);
    await outbox.append("A", { urgent: true });
    for (const payload of ["b", "c", "d"]) await outbox.append(payload);
    assert.equal(await payloads(outbox), "A c d");
    for (const payload of ["E", "F"]) await outbox.append(payload, { urgent: true });
    assert.equal(await payloads(outbox), "A E F");
    await outbox.append("g");
    assert.equal(await payloads(outbox), "E F g");
    assert.deepEqual(outbox.counts(), { taken: 7, acknowledged: 0, waiting: 3, dropped: 4, lastSequence: 7 });
  });

  it("accounts for every entry, whatever happens", async () => {
    const anyStep = fc.oneof(
      fc.record({ urgent: fc.boolean() }),
      fc.record({ acknowledge: fc.integer({ min: 1, max: 40 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.array(anyStep), async (capacity, steps) => {
        let last = 0;
        const outbox = createMemoryOutbox<number>({ capacity, sequence: { next: async () => (last += 1) } });
        for (const step of steps) {
          if ("urgent" in step) await outbox.append(0, step);
          else outbox.acknowledge(step.acknowledge);
          const { taken, acknowledged, waiting, dropped } = outbox.counts();
          assert.equal(taken, acknowledged + waiting + dropped);
          assert.ok(waiting <= capacity);
          assert.equal((await outbox.read(0, 1000)).length, waiting);
        }
      }),
    );
  });

  it("waitFor resolves for what is there and for what comes, and stops with an AbortError", async () => {
    const outbox = await openOutbox(10);
    const running = new AbortController().signal;
    await outbox.append("a");
    await outbox.waitFor(0, running);
    let isOver = false;
    const waiting = outbox.waitFor(1, running).then(() => {
      isOver = true;
    });
    outbox.acknowledge(1);
    await outbox.read(0, 1);
    assert.equal(isOver, false);
    await outbox.append("b");
    await waiting;
    const stop = new AbortController();
    const stopped = assert.rejects(outbox.waitFor(2, stop.signal), isAborted);
    stop.abort();
    await stopped;
    await assert.rejects(outbox.waitFor(0, AbortSignal.abort()), isAborted);
  });

  it("goes on after an append that found no number", async () => {
    let calls = 0;
    const sequence = {
      next: async () => {
        calls += 1;
        if (calls === 1) throw new Error("disk full");
        return calls;
      },
    };
    const outbox = createMemoryOutbox<string>({ capacity: 2, sequence });
    const [first, second] = await Promise.allSettled([outbox.append("a"), outbox.append("b")]);
    assert.equal(first.status, "rejected");
    assert.equal(second.status, "fulfilled");
    assert.deepEqual(outbox.counts(), { taken: 1, acknowledged: 0, waiting: 1, dropped: 0, lastSequence: 2 });
  });

  it("refuses a capacity that is no whole number from 1 on", () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => createMemoryOutbox({ capacity, sequence: { next: async () => 1 } }), /capacity/);
    }
  });
});
