import assert from "node:assert/strict";
import { test } from "node:test";
import { createFeedbackJudge } from "#agent/fan/feedback.js";

const WITHIN = 5000;

test("nothing commanded: nothing to disagree with", () => {
  const judge = createFeedbackJudge("contact", WITHIN);
  judge.level(true);
  assert.equal(judge.look(100_000), "agrees");
});

test("a contact has the whole time, and no longer", () => {
  const judge = createFeedbackJudge("contact", WITHIN);
  judge.commanded(true, 1000);
  assert.equal(judge.look(1000), "waits");
  assert.equal(judge.look(5999), "waits");
  assert.equal(judge.look(6000), "disagrees");
  judge.edge(true, 6100);
  assert.equal(judge.look(6100), "agrees");
});

test("a contact that opens while the fan should run, or closes while it should not, has the time again", () => {
  for (const on of [true, false]) {
    const judge = createFeedbackJudge("contact", WITHIN);
    judge.commanded(on, 0);
    judge.edge(on, 100);
    assert.equal(judge.look(60_000), "agrees");
    judge.edge(!on, 60_001);
    assert.equal(judge.look(60_001), "waits");
    assert.equal(judge.look(64_999), "waits");
    assert.equal(judge.look(65_000), "disagrees");
  }
});

test("a new command begins the time anew, the same one too", () => {
  const judge = createFeedbackJudge("contact", WITHIN);
  judge.commanded(true, 0);
  assert.equal(judge.look(5000), "disagrees");
  judge.commanded(true, 5000);
  assert.equal(judge.look(9999), "waits");
  assert.equal(judge.look(10_000), "disagrees");
  judge.commanded(false, 10_000);
  assert.equal(judge.look(10_000), "agrees");
});

test("a tachometer runs by two pulses in half of the time; a spark is none", () => {
  const judge = createFeedbackJudge("tachometer", WITHIN);
  judge.commanded(true, 0);
  judge.edge(true, 100);
  judge.edge(false, 101);
  assert.equal(judge.look(200), "waits", "one pulse may be the relay's spark");
  judge.edge(true, 2500);
  assert.equal(judge.look(2500), "agrees");
  assert.equal(judge.look(2700), "waits", "the first is older than half of the time");
  judge.edge(true, 3000);
  assert.equal(judge.look(3000), "agrees");
});

test("a tachometer's level says nothing, neither high nor low", () => {
  const judge = createFeedbackJudge("tachometer", WITHIN);
  judge.commanded(true, 0);
  judge.level(true);
  assert.equal(judge.look(5000), "disagrees");
});

test("a fan that runs down is at rest when its pulses have stopped for half of the time", () => {
  const judge = createFeedbackJudge("tachometer", WITHIN);
  for (let at = 0; at <= 10_000; at += 100) judge.edge(true, at);
  judge.commanded(false, 10_000);
  assert.equal(judge.look(10_000), "waits");
  for (let at = 10_100; at <= 12_000; at += 300) judge.edge(true, at);
  assert.equal(judge.look(13_000), "waits");
  assert.equal(judge.look(14_500), "agrees");
});

test("a fan that turns on and on after it was switched off is told", () => {
  const judge = createFeedbackJudge("tachometer", WITHIN);
  judge.commanded(false, 0);
  for (let at = 0; at < 5000; at += 100) {
    judge.edge(true, at);
    assert.equal(judge.look(at), at < 100 ? "agrees" : "waits");
  }
  judge.edge(true, 5100);
  assert.equal(judge.look(5100), "disagrees");
});
