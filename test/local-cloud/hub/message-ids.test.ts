import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createMessageIds } from "#cloud/hub/message-ids.js";

test("counts different ids as a set does, in any order and with repeats", () => {
  const number = fc.nat({ max: 30 }).map(String);
  const id = fc.oneof(
    number.map((n) => `cave-01-${n}`),
    number.map((n) => `cave-01-0${n}`),
    number,
    fc.string(),
    fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 200 }), (ids) => {
      const counted = createMessageIds();
      for (const one of ids) counted.add(one);
      assert.equal(counted.count(), new Set(ids).size);
    }),
  );
});
