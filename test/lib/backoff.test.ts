import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fullJitter } from "#agent/lib/backoff.js";

const bounds = { floor: 500, base: 1000, cap: 60_000 };

test("the ceiling doubles with every attempt up to the cap", () => {
  const ceilings = [1, 2, 3, 7, 50].map((attempt) => fullJitter(attempt, bounds, () => 1));
  assert.deepEqual(ceilings, [1000, 2000, 4000, 60_000, 60_000]);
});

test("no wait leaves its bounds, whatever the dice say", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, dice) => {
        const wait = fullJitter(attempt, bounds, () => dice);
        assert.ok(wait >= 500 && wait <= 60_000, `${wait}`);
      },
    ),
  );
});
