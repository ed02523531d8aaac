import assert from "node:assert/strict";
import { test } from "node:test";
import { createReaching } from "#agent/control/reaching.js";
import { createFakeClock } from "../support/fake-clock.js";
import { isFailure } from "../support/hardware/fan-contract.js";

/** A line whose attempts end when the test lets them. */
function build() {
  const clock = createFakeClock();
  const attempts: { succeed: () => void; fail: (error: Error) => void }[] = [];
  const stop = new AbortController();
  let reached = 0;
  const reach = createReaching(
    { open: () => new Promise((succeed, fail) => void attempts.push({ succeed, fail })) },
    clock,
    () => {
      reached += 1;
    },
    stop.signal,
  );
  const { signal } = new AbortController();
  return { clock, attempts, stop, reach: () => reach(signal), reached: () => reached };
}

test("all who ask wait for one attempt, and who asks after it has failed begins the next", async () => {
  const { attempts, reach, reached } = build();
  const both = [reach(), reach()].map((asked) => assert.rejects(asked, /it is taken/));
  attempts[0]?.fail(new Error("it is taken"));
  await Promise.all(both);
  assert.deepEqual([attempts.length, reached()], [1, 0]);
  const next = reach();
  attempts[1]?.succeed();
  await next;
  assert.deepEqual([attempts.length, reached()], [2, 1]);
});

test("one that hangs is given up after 10 s, and no other begun until it has ended after all", async () => {
  const { clock, attempts, reach, reached } = build();
  const first = assert.rejects(reach(), isFailure(/the fan's line/));
  await clock.advance(11_000);
  await first;
  await assert.rejects(reach(), isFailure(/the fan's line/));
  assert.equal(attempts.length, 1);
  attempts[0]?.succeed();
  await clock.advance(0);
  assert.equal(reached(), 1, "late, but it has");
  const next = reach();
  attempts[1]?.succeed();
  await next;
  assert.equal(attempts.length, 2);
});

test("the stop ends the attempt for all who wait, and nobody begins another", async () => {
  const { clock, attempts, stop, reach } = build();
  const asked = assert.rejects(reach(), /it ends/);
  stop.abort(new Error("it ends"));
  await asked;
  await assert.rejects(reach(), /it ends/);
  attempts[0]?.succeed();
  await clock.advance(0);
  await assert.rejects(reach(), /it ends/);
  assert.equal(attempts.length, 1);
});
