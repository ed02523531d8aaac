import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeter } from "#cloud/faults/rate.js";

test("burst at once, queue in steps of the rate, the rest refused; time makes room again", () => {
  const meter = createMeter({ messagesPerSecond: 10, burst: 2, queue: 2 });
  const waits = [1, 2, 3, 4, 5, 6].map(() => meter.next(1000));
  assert.deepEqual(waits, [0, 0, 0, 100, 200, undefined]);
  assert.deepEqual(meter.counts(), { passed: 3, delayed: 2, refused: 1 });
  assert.equal(meter.next(1100), 200);
  assert.equal(meter.next(5000), 0);
});
