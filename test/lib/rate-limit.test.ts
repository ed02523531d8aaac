import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateLimit, OTHERS } from "#agent/lib/rate-limit.js";
import { createFakeClock } from "../support/fake-clock.js";

test("one of a kind in a time; the next one says how many were left out, once", async () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 60_000 });
  assert.deepEqual(limit.allow("sensor-fault"), { allowed: true, suppressed: 0 });
  for (let n = 1; n <= 10_000; n += 1) assert.equal(limit.allow("sensor-fault").allowed, false);
  assert.deepEqual(limit.allow("fan-fault"), { allowed: true, suppressed: 0 });
  await clock.advance(59_999);
  assert.equal(limit.allow("sensor-fault").allowed, false);
  await clock.advance(1);
  assert.deepEqual(limit.allow("sensor-fault"), { allowed: true, suppressed: 10_001 });
  await clock.advance(60_000);
  assert.deepEqual(limit.allow("sensor-fault"), { allowed: true, suppressed: 0 });
});

test("a wall clock that jumps changes nothing", () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 60_000 });
  limit.allow("a");
  clock.jumpWall(86_400_000);
  assert.equal(limit.allow("a").allowed, false);
});

test("kinds beyond the bound share one place, and every line is either let through or counted", async () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 1000, kinds: 10 });
  let through = 0;
  let told = 0;
  for (let n = 0; n < 5000; n += 1) {
    const { allowed, suppressed } = limit.allow(`kind-${n % 777}`);
    if (allowed) {
      through += 1;
      told += suppressed;
    }
    if (n % 50 === 0) await clock.advance(100);
  }
  const left = limit.flush().reduce((sum, { suppressed }) => sum + suppressed, 0);
  assert.equal(through + told + left, 5000);
  assert.ok(through < 5000 / 10, `${through} got through`);
  assert.deepEqual(limit.flush(), []);
});

test("a kind whose time is over gives its place to a new one", async () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 1000, kinds: 1 });
  limit.allow("a");
  limit.allow("a");
  assert.deepEqual(limit.allow("b"), { allowed: true, suppressed: 0 });
  assert.equal(limit.allow("c").allowed, false);
  await clock.advance(1000);
  assert.deepEqual(limit.allow("d"), { allowed: true, suppressed: 0 });
  assert.deepEqual(limit.flush(), [{ key: OTHERS, suppressed: 2 }]);
});
