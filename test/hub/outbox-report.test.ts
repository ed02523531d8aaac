import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { JsonObject } from "#agent/hub/hub.js";
import { createOutboxReport } from "#agent/hub/outbox-report.js";
import { createWaiters } from "#agent/outbox/waiters.js";
import { defer } from "../support/cleanup.ts";
import { createFakeClock } from "../support/fake-clock.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A line of samples, and what is reported of it: minute, waiting, dropped. */
function setUp(t: TestContext) {
  const clock = createFakeClock();
  const waiters = createWaiters();
  const counts = { waiting: 0, dropped: 0 };
  let open = 0;
  const reports: [minute: number, waiting: number, dropped: number][] = [];
  const report = createOutboxReport({
    counts: () => counts,
    async drained(signal) {
      open += 1;
      try {
        await waiters.wait(() => counts.waiting === 0, signal);
      } finally {
        open -= 1;
      }
    },
    reported: {
      set(properties) {
        const { waiting, dropped } = properties.outbox as JsonObject;
        reports.push([clock.monotonic() / MINUTE, Number(waiting), Number(dropped)]);
      },
    },
    clock,
  });
  const stopping = new AbortController();
  const running = report.run(stopping.signal);
  defer(t, async () => {
    stopping.abort();
    await running;
    assert.equal(clock.sleepers() + open, 0, "nothing is left waiting");
  });
  const set = (changes: Partial<typeof counts>) => {
    Object.assign(counts, changes);
    waiters.check();
  };
  return { clock, set, reports, report, open: () => open };
}

test("a backlog is reported at the connect, and once when it is gone", async (t) => {
  const { clock, set, reports, report } = setUp(t);
  set({ waiting: 5000 });
  report.show();
  for (let waiting = 5000; waiting >= 0; waiting -= 10) {
    set({ waiting });
    await clock.advance(SECOND);
  }
  await clock.advance(60 * MINUTE);
  assert.deepEqual(
    reports.map(([, waiting]) => waiting),
    [5000, 0],
  );
});

test("a sample that comes and goes, also at every look, is no news", async (t) => {
  const { clock, set, reports, report } = setUp(t);
  report.show();
  for (let second = 0; second < 3600; second += 1) {
    set({ waiting: 1 });
    await clock.advance(SECOND / 2);
    set({ waiting: 0 });
    await clock.advance(SECOND / 2);
  }
  assert.deepEqual(reports, [[0, 0, 0]]);
});

test("one that was on its way at the connect is taken back once, though one is at every whole minute", async (t) => {
  const { clock, set, reports, report } = setUp(t);
  set({ waiting: 1 });
  report.show();
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(SECOND / 2);
    set({ waiting: 0 });
    await clock.advance(SECOND / 4);
    set({ waiting: 1 });
    await clock.advance(SECOND / 4);
  }
  assert.deepEqual(
    reports.map(([, waiting]) => waiting),
    [1, 0],
  );
  assert.ok((reports[1]?.[0] ?? 0) >= 1, "a minute after the first");
});

test("what is dropped is reported, at most once a minute, and to the last", async (t) => {
  const { clock, set, reports, report, open } = setUp(t);
  set({ waiting: 100 });
  report.show();
  for (let dropped = 1; dropped <= 600; dropped += 1) {
    set({ dropped });
    await clock.advance(SECOND);
    assert.ok(open() <= 1);
  }
  await clock.advance(5 * MINUTE);
  assert.ok(open() <= 1);
  assert.ok(reports.length >= 10 && reports.length <= 12, JSON.stringify(reports));
  for (const [index, [minute]] of reports.slice(2).entries()) {
    assert.ok(minute - (reports[index + 1]?.[0] ?? 0) >= 1, JSON.stringify(reports));
  }
  assert.deepEqual(reports.at(-1)?.slice(1), [100, 600]);
});

test("each connect reports anew", async (t) => {
  const { clock, set, reports, report } = setUp(t);
  for (const waiting of [3, 0, 7]) {
    set({ waiting });
    report.show();
  }
  await clock.advance(10 * MINUTE);
  assert.deepEqual(
    reports.map(([, waiting]) => waiting),
    [3, 0, 7],
  );
});

test("two reports within a minute are one", async (t) => {
  const { clock, set, reports } = setUp(t);
  set({ waiting: 5, dropped: 1 });
  await clock.advance(MINUTE);
  assert.deepEqual(reports, [[1, 5, 1]]);
  set({ waiting: 0 });
  await clock.advance(SECOND);
  set({ dropped: 2 });
  await clock.advance(10 * MINUTE);
  assert.deepEqual(reports, [
    [1, 5, 1],
    [2, 0, 2],
  ]);
});
