import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns, type Turns } from "#agent/hub/turns.js";

/** Whose turn each of so many failing tries is. */
function fail(turns: Turns, tries: number): string {
  return Array.from({ length: tries }, () => {
    const isOld = turns.isOlds();
    turns.failed(isOld);
    return isOld ? "old" : "new";
  }).join(" ");
}

test("three tries each, the new one first", () => {
  assert.equal(fail(createTurns(), 7), "new new new old old old new");
});

test("a failure of the other one does not count", () => {
  const turns = createTurns();
  for (let tries = 0; tries < 2; tries += 1) turns.failed(true);
  assert.equal(fail(turns, 4), "new new new old");
});

test("once the old one has got in, the new one has a single try each time", () => {
  const turns = createTurns();
  fail(turns, 3);
  for (let connects = 0; connects < 2; connects += 1) {
    assert.equal(turns.isOlds(), true);
    turns.connected(true);
    assert.equal(fail(turns, 1), "new");
  }
  assert.equal(turns.isNewBarred(), false);
});

test("refused, the new one is barred until the old one is refused too", () => {
  const turns = createTurns();
  turns.refused(false);
  assert.equal(turns.isNewBarred(), true);
  assert.equal(fail(turns, 4), "old old old old");
  turns.connected(true);
  assert.equal(turns.isOlds(), true);
  turns.refused(true);
  assert.equal(turns.isNewBarred(), false);
  assert.equal(turns.isOlds(), false);
});
