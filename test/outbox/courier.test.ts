import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AgentError, isAborted } from "#agent/errors.js";
import { createRate } from "#agent/lib/rate.js";
import { createCourier } from "#agent/outbox/courier.js";
import type { Entry } from "#agent/outbox/outbox.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { createSlowReads, openRealOutbox, withCourier } from "./courier-bench.ts";
import { until } from "./support.ts";

describe("the courier", () => {
  it("sends oldest first, several at a time, and acknowledges what was delivered", async () => {
    await withCourier(async ({ append, cloud, outbox, clock }) => {
      await append(4);
      await until(() => cloud.sendings.length === 2, "two sends");
      await clock.advance(0);
      assert.deepEqual(cloud.started, [1, 2]);
      await cloud.take(2);
      await until(() => cloud.started.length === 3, "the third");
      assert.deepEqual(
        (await outbox.read(0, 10)).map(({ sequence }) => sequence),
        [1, 3, 4],
      );
      for (const sequence of [1, 3, 4]) await cloud.take(sequence);
      await until(() => outbox.counts().waiting === 0, "all acknowledged");
      assert.deepEqual(cloud.started, [1, 2, 3, 4]);
    });
  });

  it("fills free places together, at least half of them, unless one has waited for 10 ms", async () => {
    await withCourier(
      async ({ append, cloud, clock }) => {
        await append(9);
        await clock.advance(10);
        await until(() => cloud.started.length === 4, "four sends");
        await cloud.take(1);
        await clock.advance(9);
        assert.deepEqual(cloud.started, [1, 2, 3, 4]);
        await cloud.take(2);
        await until(() => cloud.started.length === 6, "two more at once");
        await cloud.take(3);
        await clock.advance(10);
        assert.deepEqual(cloud.started, [1, 2, 3, 4, 5, 6, 7]);
      },
      { inFlight: 4 },
    );
  });

  it("sends what comes while it has nothing to do", async () => {
    await withCourier(async ({ append, cloud, clock, outbox }) => {
      await clock.advance(0);
      for (const sequence of [1, 2, 3]) {
        await append(1);
        await cloud.take(sequence);
        await until(() => outbox.counts().acknowledged === sequence, `${sequence} acknowledged`);
      }
    });
  });

  it("after a failure starts no more, waits for the others, pauses, and repeats only what failed", async () => {
    await withCourier(
      async ({ append, cloud, clock, failures, outbox }) => {
        await append(5);
        await clock.advance(10);
        await until(() => cloud.sendings.length === 3, "three sends");
        await cloud.refuse(1);
        await clock.advance(10_000);
        assert.deepEqual(cloud.started, [1, 2, 3]);
        await cloud.refuse(3, new Error("refused as well"));
        await cloud.take(2);
        await until(() => clock.sleepers() === 1, "the pause");
        await clock.advance(100);
        assert.deepEqual(cloud.started, [1, 2, 3]);
        await clock.advance(1000);
        for (const sequence of [1, 3, 4, 5]) await cloud.take(sequence);
        await until(() => outbox.counts().waiting === 0, "all acknowledged");
        assert.deepEqual(cloud.started, [1, 2, 3, 1, 3, 4, 5]);
        assert.deepEqual(failures.map(String), ["Error: refused"]);
      },
      { inFlight: 3 },
    );
  });

  it("discards what can never be sent, and goes on", async () => {
    const hopeless = new AgentError("never", { code: "X", retryable: false, remedy: "" });
    await withCourier(async ({ append, cloud, outbox, courier, failures }) => {
      await append(3);
      await cloud.take(1);
      await cloud.refuse(2, hopeless);
      await cloud.take(3);
      await courier.drained(AbortSignal.timeout(5000));
      assert.deepEqual([cloud.started, failures], [[1, 2, 3], []]);
      const { acknowledged, dropped, waiting } = outbox.counts();
      assert.deepEqual({ acknowledged, dropped, waiting }, { acknowledged: 2, dropped: 1, waiting: 0 });
    });
  });

  it("does not start what a slow read of the outbox brings after a failure", async () => {
    const slow = createSlowReads();
    await withCourier(
      async ({ append, cloud, clock }) => {
        await append(3);
        await until(() => cloud.sendings.length === 2, "two sends");
        slow.hold();
        await cloud.take(1);
        await clock.advance(0);
        await cloud.refuse(2);
        await clock.advance(0);
        slow.goOn();
        await until(() => clock.sleepers() === 1, "the pause");
        assert.deepEqual(cloud.started, [1, 2]);
      },
      { inFlight: 2, through: slow.through },
    );
  });

  it("rests while there is nothing to send", async () => {
    const slow = createSlowReads();
    await withCourier(
      async ({ append, cloud, clock }) => {
        await append(1);
        await until(() => cloud.sendings.length === 1, "the send");
        await clock.advance(0);
        const before = slow.reads();
        for (let turn = 0; turn < 20; turn += 1) await clock.advance(1000);
        assert.equal(slow.reads(), before);
      },
      { through: slow.through },
    );
  });

  it("waits until it is ready, before the first send and after every failure", async () => {
    let calls = 0;
    let open = (): void => {};
    const ready = (): Promise<void> => {
      calls += 1;
      return new Promise((resolve) => {
        open = resolve;
      });
    };
    await withCourier(
      async ({ append, cloud, clock, stop }) => {
        await append(1);
        await clock.advance(10_000);
        assert.deepEqual(cloud.started, []);
        open();
        await cloud.refuse(1);
        await until(() => clock.sleepers() === 1, "the pause");
        await clock.advance(10_000);
        assert.deepEqual([calls, cloud.started], [2, [1]]);
        open();
        await cloud.take(1);
        await stop();
      },
      { ready },
    );
  });

  it("outlives an outbox or a readiness that fails", async () => {
    let calls = 0;
    const ready = async (): Promise<void> => {
      calls += 1;
      if (calls === 1) throw new Error("no hub");
    };
    await withCourier(
      async ({ append, cloud, clock, failures }) => {
        await append(1);
        await until(() => clock.sleepers() === 1, "the pause");
        await clock.advance(1000);
        await cloud.take(1);
        assert.deepEqual(failures.map(String), ["Error: no hub"]);
      },
      { ready },
    );
  });

  it("ends when told so, stopping the sends under way, and calls that no failure", async () => {
    await withCourier(async ({ append, cloud, outbox, failures, stop }) => {
      await append(3);
      await until(() => cloud.sendings.length === 2, "two sends");
      await stop();
      assert.deepEqual(cloud.sendings, []);
      assert.equal(outbox.counts().waiting, 3);
      assert.deepEqual(failures, []);
    });
  });

  it("drained resolves once nothing waits, and stops with an AbortError", async () => {
    await withCourier(async ({ append, cloud, courier }) => {
      const running = new AbortController().signal;
      await courier.drained(running);
      await append(2);
      let isDrained = false;
      const drained = courier.drained(running).then(() => {
        isDrained = true;
      });
      await cloud.take(1);
      await until(() => cloud.delivered.length === 1, "the first");
      assert.equal(isDrained, false);
      await cloud.take(2);
      await drained;
      await append(1);
      const stop = new AbortController();
      const stopped = assert.rejects(courier.drained(stop.signal), isAborted);
      stop.abort();
      await stopped;
    });
  });

  it("delivers everything once through a cloud that refuses at random", async () => {
    const delivered: number[] = [];
    let last = 0;
    let calls = 0;
    const outbox = await openRealOutbox<number>({ next: async () => (last += 1) });
    const clock = createFakeClock();
    const stopping = new AbortController();
    const send = async ({ sequence }: Entry<number>): Promise<void> => {
      calls += 1;
      if (calls % 7 === 3) throw new Error("at once");
      await new Promise((resolve) => setImmediate(resolve));
      if (calls % 5 === 2) throw new Error("after a while");
      delivered.push(sequence);
    };
    const rate = createRate(0, clock);
    const courier = createCourier({ outbox, send, ready: async () => {}, inFlight: 4, rate, clock });
    const running = courier.run(stopping.signal);
    for (let index = 0; index < 200; index += 1) {
      const entry = await outbox.append(index, { urgent: index % 9 === 0 });
      if (entry.urgent) courier.expedite(entry);
      await clock.advance(200);
    }
    for (let turn = 0; turn < 1000 && outbox.counts().waiting > 0; turn += 1) await clock.advance(500);
    stopping.abort();
    await running;
    assert.equal(delivered.length, 200);
    assert.equal(new Set(delivered).size, 200);
  });
});
