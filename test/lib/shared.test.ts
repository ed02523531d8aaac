import assert from "node:assert/strict";
import { test } from "node:test";
import { shared } from "#agent/lib/shared.js";

test("those who ask while the work runs set off no other, and share its failure too", async () => {
  const ends: ((failure?: Error) => void)[] = [];
  const ask = shared(
    () => new Promise<number>((done, fail) => ends.push((failure) => (failure ? fail(failure) : done(7)))),
  );
  const first = [ask(), ask()];
  ends[0]?.();
  assert.deepEqual(await Promise.all(first), [7, 7]);
  const second = [ask(), ask()].map((each) => assert.rejects(each, /broken/));
  ends[1]?.(new Error("broken"));
  await Promise.all(second);
  assert.equal(ends.length, 2);
});
