import assert from "node:assert/strict";
import { test } from "node:test";
import { clockSet } from "#agent/lib/clock-set.js";
import { createFakeClock } from "../support/fake-clock.ts";

const MINUTE = 60_000;

function begin(signal = new AbortController().signal) {
  const clock = createFakeClock();
  const seen = { ended: false };
  const waiting = clockSet(clock, MINUTE, signal).then(() => {
    seen.ended = true;
  });
  return { clock, seen, waiting };
}

for (const days of [1, -1]) {
  test(`ends within a second of the clock being moved by ${days} days`, async () => {
    const { clock, seen } = begin();
    await clock.advance(10_500);
    assert.equal(seen.ended, false);
    clock.jumpWall(days * 86_400_000);
    await clock.advance(1000);
    assert.equal(seen.ended, true);
  });
}

test("a clock that is slewed was not set: it ends when its time is over", async () => {
  const { clock, seen } = begin();
  for (let second = 0; second < 59; second += 1) {
    clock.jumpWall(10);
    await clock.advance(1000);
  }
  assert.equal(seen.ended, false);
  await clock.advance(1000);
  assert.equal(seen.ended, true);
  assert.equal(clock.sleepers(), 0);
});

test("stops at once", async () => {
  const stopping = new AbortController();
  const { clock, waiting } = begin(stopping.signal);
  await clock.advance(1500);
  stopping.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.equal(clock.sleepers(), 0);
});
