import assert from "node:assert/strict";
import { test } from "node:test";
import { createRate, type Rate } from "#agent/lib/rate.js";
import { createFakeClock } from "../support/fake-clock.js";

function takeAll(rate: Rate, limit = 100): number {
  let taken = 0;
  for (; taken < limit && rate.wait() === 0; taken += 1) rate.take();
  return taken;
}

test("no more than so many a second, evenly", async () => {
  const clock = createFakeClock();
  const rate = createRate(10, clock);
  assert.deepEqual([takeAll(rate), rate.wait()], [0, 100]);
  for (let number = 1; number <= 20; number += 1) {
    await clock.advance(100);
    assert.equal(takeAll(rate), 1);
  }
  await clock.advance(30);
  assert.equal(rate.wait(), 70);
});

test("after a quiet time one second's worth goes at once; 0 is no bound", async () => {
  const clock = createFakeClock();
  const rate = createRate(5, clock);
  await clock.advance(60_000);
  assert.equal(takeAll(rate), 5);
  assert.equal(takeAll(createRate(0, clock), 1000), 1000);
});
