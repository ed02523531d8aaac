import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Outbox } from "#agent/outbox/outbox.js";
import { createSlowReads, withCourier } from "./courier-bench.ts";
import { until } from "./support.ts";

describe("what the courier is to expedite", () => {
  it("sends what is urgent into a free place at once, whatever the hub owes", async () => {
    await withCourier(
      async ({ append, cloud, courier, clock }) => {
        const entries = await append(9);
        await clock.advance(10);
        await until(() => cloud.started.length === 4, "four sends");
        await cloud.take(1);
        await clock.advance(0);
        courier.expedite(entries[8] ?? assert.fail());
        await until(() => cloud.started.length === 5, "the urgent one");
        assert.deepEqual(cloud.started, [1, 2, 3, 4, 9]);
      },
      { inFlight: 4 },
    );
  });

  it("gives what is urgent the rate's next place, before all that wait for one", async () => {
    await withCourier(
      async ({ append, cloud, courier, clock }) => {
        const entries = await append(12);
        for (const sequence of [1, 2]) {
          await until(() => clock.sleepers() > 0, "a wait for a place");
          await clock.advance(500);
          await until(() => cloud.started.includes(sequence), `${sequence}`);
        }
        courier.expedite(entries[11] ?? assert.fail());
        await until(() => clock.sleepers() > 0, "a wait for a place");
        await clock.advance(500);
        await until(() => cloud.started.length > 2, "the urgent one");
        assert.deepEqual(cloud.started, [1, 2, 12]);
      },
      { inFlight: 8, perSecond: 2 },
    );
  });

  it("keeps what is urgent first, also if the disk gave another in its place", async () => {
    let isHeld = true;
    const holding = (outbox: Outbox<string>): Outbox<string> => ({
      ...outbox,
      read: async (after, limit) => (await outbox.read(isHeld ? 3 : after, limit)).slice(0, limit),
    });
    await withCourier(
      async ({ append, cloud, courier, clock }) => {
        const entries = await append(6);
        for (; cloud.started.length === 0; await clock.advance(500));
        await cloud.take(4);
        courier.expedite(entries[2] ?? assert.fail());
        await cloud.take(5);
        await until(() => cloud.started.includes(6), "the next in turn");
        isHeld = false;
        for (const sequence of [6, 3]) await cloud.take(sequence);
        assert.deepEqual(cloud.started.slice(0, 4), [4, 5, 6, 3]);
      },
      { inFlight: 1, through: holding },
    );
  });

  it("sends what is urgent while the disk is slow with the others", async () => {
    const slow = createSlowReads();
    slow.hold();
    await withCourier(
      async ({ append, cloud, courier, clock }) => {
        const entries = await append(3);
        courier.expedite(entries[2] ?? assert.fail());
        await until(() => cloud.started.length === 1, "the urgent one");
        slow.goOn();
        for (const sequence of [1, 2]) await cloud.take(sequence);
        await clock.advance(10);
        await cloud.take(3);
        assert.deepEqual(cloud.started, [3, 1, 2]);
      },
      { inFlight: 3, through: slow.through },
    );
  });

  it("sends expedited entries first, the newest of them before the others, and each once", async () => {
    await withCourier(
      async ({ append, cloud, courier, outbox }) => {
        const entries = await append(6);
        await until(() => cloud.sendings.length === 1, "the first send");
        for (const index of [2, 4, 0]) courier.expedite(entries[index] ?? assert.fail());
        for (const sequence of [1, 5, 3, 2, 4, 6]) await cloud.take(sequence);
        await until(() => outbox.counts().waiting === 0, "all acknowledged");
        assert.deepEqual(cloud.started, [1, 5, 3, 2, 4, 6]);
        const [late] = await append(1);
        await cloud.take(7);
        await until(() => outbox.counts().waiting === 0, "the seventh");
        courier.expedite(late ?? assert.fail());
        await append(1);
        await cloud.take(8);
      },
      { inFlight: 1 },
    );
  });

  it("keeps an expedited entry first when its send failed", async () => {
    await withCourier(
      async ({ append, cloud, courier, clock }) => {
        const entries = await append(3);
        await cloud.take(1);
        await until(() => cloud.sendings[0]?.sequence === 2, "the second");
        courier.expedite(entries[2] ?? assert.fail());
        await cloud.take(2);
        await cloud.refuse(3);
        await append(1);
        await until(() => clock.sleepers() === 1, "the pause");
        await clock.advance(1000);
        await cloud.take(3);
        await cloud.take(4);
        assert.deepEqual(cloud.started, [1, 2, 3, 3, 4]);
      },
      { inFlight: 1 },
    );
  });

  it("does not send an expedited entry that is no longer in the outbox", async () => {
    await withCourier(
      async ({ outbox, cloud, courier }) => {
        for (const payload of ["A", "B"]) await outbox.append(payload, { urgent: true });
        const gone = await outbox.append("c");
        await until(() => cloud.sendings.length === 1, "the first send");
        courier.expedite(gone);
        outbox.acknowledge(gone.sequence);
        await outbox.append("d");
        for (const sequence of [1, 2, 4]) await cloud.take(sequence);
        assert.deepEqual(cloud.started, [1, 2, 4]);
      },
      { inFlight: 1 },
    );
  });

  it("does not repeat an expedited entry that it had read ahead", async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await withCourier(
      async ({ append, cloud, courier, outbox }) => {
        const entries = await append(5);
        open();
        await until(() => cloud.sendings.length === 2, "two sends");
        courier.expedite(entries[4] ?? assert.fail());
        for (const sequence of [1, 5, 2, 3, 4]) await cloud.take(sequence);
        await until(() => outbox.counts().waiting === 0, "all acknowledged");
        assert.deepEqual(cloud.started, [1, 2, 5, 3, 4]);
      },
      { inFlight: 2, ready: () => gate },
    );
  });

  it("does not repeat an entry that a slow read of the outbox brings after it was delivered", async () => {
    const slow = createSlowReads();
    await withCourier(
      async ({ append, cloud, courier, clock, outbox }) => {
        const entries = await append(3);
        courier.expedite(entries[2] ?? assert.fail());
        await until(() => cloud.sendings.length === 3, "three sends");
        slow.hold();
        await cloud.take(1);
        await clock.advance(0);
        await cloud.take(3);
        await clock.advance(0);
        slow.goOn();
        await append(1);
        await cloud.take(4);
        await cloud.take(2);
        await until(() => outbox.counts().waiting === 0, "all acknowledged");
        assert.deepEqual(cloud.started.toSorted(), [1, 2, 3, 4]);
      },
      { inFlight: 3, through: slow.through },
    );
  });
});
