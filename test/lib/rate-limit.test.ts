import assert from "node:assert/strict";
import { test } from "node:test";
import { createRateLimit, OTHERS } from "#agent/lib/rate-limit.js";
import { createFakeClock } from "../support/fake-clock.js";

test("one of a kind in a time; the next one says how many were left out, once", async () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 60_000 });
  const count = (key: string) => {
    const { allowed, suppressed } = limit.allow(key);
    return { allowed, suppressed };
  };
  assert.deepEqual(count("sensor-fault"), { allowed: true, suppressed: 0 });
  for (let n = 1; n <= 10_000; n += 1) assert.equal(limit.allow("sensor-fault").allowed, false);
  assert.deepEqual(count("fan-fault"), { allowed: true, suppressed: 0 });
  await clock.advance(59_999);
  assert.equal(limit.allow("sensor-fault").allowed, false);
  await clock.advance(1);
  assert.deepEqual(count("sensor-fault"), { allowed: true, suppressed: 10_001 });
  await clock.advance(60_000);
  assert.deepEqual(count("sensor-fault"), { allowed: true, suppressed: 0 });
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
  assert.deepEqual(limit.allow("b"), { allowed: true, suppressed: 0, texts: [] });
  assert.equal(limit.allow("c").allowed, false);
  await clock.advance(1000);
  assert.deepEqual(limit.allow("d"), { allowed: true, suppressed: 0, texts: [] });
  assert.deepEqual(limit.flush(), [{ key: OTHERS, suppressed: 2, texts: ["c", "a"] }]);
});

test("what was held back is told, each once, and no more than ten", async () => {
  const clock = createFakeClock();
  const limit = createRateLimit({ clock, every: 1000 });
  limit.allow("unknown", "a");
  for (const text of ["b", "b", "c"]) limit.allow("unknown", text);
  assert.deepEqual(limit.flush(), [{ key: "unknown", suppressed: 3, texts: ["b", "c"] }]);
  for (let n = 0; n < 100; n += 1) limit.allow("unknown", `text-${n}`);
  await clock.advance(1000);
  const { suppressed, texts } = limit.allow("unknown", "d");
  assert.deepEqual([suppressed, texts.length, texts[0]], [100, 10, "text-0"]);
  assert.deepEqual(limit.flush(), []);
});
