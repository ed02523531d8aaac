import assert from "node:assert/strict";
import { test } from "node:test";
import { createCounts } from "#fleet/simulate/counts.js";

const FIRST = { taken: 10, acknowledged: 6, waiting: 3, dropped: 1 };
/** Takes over the three that wait. */
const SECOND = { taken: 8, acknowledged: 7, waiting: 1, dropped: 0 };

test("an agent that was started again adds to the one before it; what waited meanwhile was taken once", () => {
  const counts = createCounts();
  counts.begin();
  assert.equal(counts.total(), undefined);
  counts.hear(FIRST, "last");
  assert.ok(counts.isFinal());
  counts.begin();
  assert.ok(!counts.isFinal(), "the second has not said its last");
  assert.deepEqual(counts.total(), FIRST);
  counts.hear(SECOND);
  assert.deepEqual(counts.total(), { taken: 15, acknowledged: 13, waiting: 1, dropped: 1 });
  assert.ok(!counts.isFinal());
});

test("the last word stands against an answer that comes late", () => {
  const counts = createCounts();
  counts.begin();
  counts.hear(FIRST);
  counts.hear(SECOND, "last");
  counts.hear(FIRST);
  assert.deepEqual(counts.total(), SECOND);
});

test("one that said nothing takes nothing away", () => {
  const counts = createCounts();
  counts.begin();
  counts.hear(FIRST);
  counts.begin();
  counts.begin();
  assert.deepEqual(counts.total(), FIRST);
});
