import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "#agent/sensor/random.js";

it("uniform draws fill their range evenly", () => {
  const random = createRandom(42);
  const draws = Array.from({ length: 10_000 }, () => random.between(-2, 2));
  assert.ok(draws.every((draw) => draw >= -2 && draw < 2));
  const quarters = [-2, -1, 0, 1].map(
    (from) => draws.filter((draw) => draw >= from && draw < from + 1).length,
  );
  for (const count of quarters) assert.ok(Math.abs(count - 2500) < 200, quarters.join(" "));
});

it("normal draws have mean 0 and the deviation that was asked for", () => {
  const random = createRandom(42);
  const draws = Array.from({ length: 10_000 }, () => random.normal(3));
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  const deviation = Math.sqrt(draws.reduce((sum, draw) => sum + draw * draw, 0) / draws.length);
  assert.ok(Math.abs(mean) < 0.15, String(mean));
  assert.ok(Math.abs(deviation - 3) < 0.15, String(deviation));
});

it("neighbouring seeds, also 0 and negative ones, begin far apart", () => {
  const firsts = [-2, -1, 0, 1, 2, 3, 4, 5].map((seed) => createRandom(seed).between(0, 1));
  assert.equal(new Set(firsts).size, firsts.length);
  assert.ok(Math.max(...firsts) - Math.min(...firsts) > 0.4, firsts.join(" "));
});
