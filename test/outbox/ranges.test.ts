import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createRanges, gapsOf } from "#agent/outbox/ranges.js";

describe("createRanges", () => {
  it("is a set of whole numbers, whatever is added and removed", () => {
    const step = fc.record({ add: fc.boolean(), first: fc.nat(60), length: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ranges = createRanges();
        const model = new Set<number>();
        for (const { add, first, length } of steps) {
          const before = model.size;
          for (let value = first; value < first + length; value += 1) model[add ? "add" : "delete"](value);
          if (add) ranges.add(first, first + length - 1);
          else assert.equal(ranges.remove(first, first + length - 1), before - model.size);
        }
        const members = [...model].sort((a, b) => a - b);
        assert.deepEqual(expand(ranges.list()), members);
        assert.equal(ranges.size(), members.length);
        assert.equal(ranges.last(), members.at(-1));
        for (let value = -1; value < 75; value += 1) {
          assert.equal(ranges.has(value), model.has(value));
          assert.equal(
            ranges.firstAbove(value),
            members.find((member) => member > value),
          );
          assert.equal(
            ranges.overlaps(value, value + 3),
            members.some((member) => member >= value && member <= value + 3),
          );
        }
        const [first = 0] = members;
        const missing = expand(gapsOf(ranges));
        for (let value = first; value <= (members.at(-1) ?? -1); value += 1) {
          assert.equal(missing.includes(value), !model.has(value));
        }
      }),
    );
  });

  it("costs nothing for a million numbers in a row", () => {
    const ranges = createRanges();
    for (let value = 1; value <= 1e6; value += 1) ranges.add(value);
    assert.equal(ranges.list().length, 1);
    assert.equal(ranges.size(), 1e6);
  });
});

function expand(list: readonly { first: number; last: number }[]): number[] {
  return list.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}
