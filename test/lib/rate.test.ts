import assert from "node:assert/strict";
import { test } from "node:test";
import { createRate } from "#agent/lib/rate.js";
import { createFakeClock } from "../support/fake-clock.js";

test("no more than so many a second, in order, and nobody is warned of a leak", async (t) => {
  const warned = t.mock.method(process, "emitWarning");
  const clock = createFakeClock();
  const rate = createRate(10, clock);
  const { signal } = new AbortController();
  const taken: string[] = [];
  for (let index = 0; index < 40; index += 1) {
    void rate.take(signal).then(() => taken.push(`${index}`));
  }
  await clock.advance(1000);
  const first = taken.length;
  await clock.advance(1000);
  assert.ok(first <= 11, `${first} in the first second`);
  assert.equal(taken.length - first, 10);
  assert.deepEqual(
    taken,
    [...taken].sort((a, b) => Number(a) - Number(b)),
  );
  assert.equal(warned.mock.callCount(), 0);
});

test("after a quiet time one second's worth goes at once; 0 is no bound", async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const rate = createRate(5, clock);
  await clock.advance(60_000);
  let taken = 0;
  for (let index = 0; index < 20; index += 1) void rate.take(signal).then(() => (taken += 1));
  await clock.advance(0);
  assert.equal(taken, 5);
  const unbounded = createRate(0, clock);
  for (let index = 0; index < 1000; index += 1) await unbounded.take(signal);
});

test("an abort ends the wait", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const rate = createRate(1, clock);
  const waiting = assert.rejects(rate.take(stop.signal), { name: "AbortError" });
  stop.abort();
  await waiting;
});
