import assert from "node:assert/strict";
import { test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { createPatience } from "#agent/lib/patience.js";
import { createFakeClock } from "../support/fake-clock.ts";

const isFault = (pattern: RegExp) => (error: unknown) =>
  isAgentError(error) && error.code === "STATE_NOT_KEPT" && error.retryable && pattern.test(error.message);

test("a call that comes back settles as it does, and leaves no timer behind", async () => {
  const clock = createFakeClock();
  const patience = createPatience("/state", clock);
  assert.equal(await patience(async () => 7), 7);
  const fault = new Error("EIO");
  await assert.rejects(
    patience(() => Promise.reject(fault)),
    (error) => error === fault,
  );
  assert.equal(clock.sleepers(), 0);
});

test("one that does not is given up in time, and until it has an end no other is made", async () => {
  const clock = createFakeClock();
  const patience = createPatience("/state", clock);
  const calls: (() => void)[] = [];
  const call = () => new Promise<void>((end) => calls.push(end));
  const first = assert.rejects(patience(call), isFault(/^no answer within 10 s: .* the disk of \/state$/));
  const second = assert.rejects(patience(call, 5000), isFault(/^no answer within 5 s/));
  await clock.advance(5000);
  await second;
  await assert.rejects(patience(call), isFault(/\/state still owes an answer/));
  await clock.advance(5000);
  await first;
  assert.equal(calls.length, 2);
  calls[0]?.();
  await clock.advance(0);
  await assert.rejects(patience(call), isFault(/still owes/));
  calls[1]?.();
  await clock.advance(0);
  const third = patience(call);
  assert.equal(calls.length, 3);
  calls[2]?.();
  await third;
});

test("two are made at a time, the next in its turn; whose time is over before it comes is never made", async () => {
  const clock = createFakeClock();
  const patience = createPatience("/state", clock);
  const made: string[] = [];
  const ends = new Map<string, () => void>();
  const call = (name: string) => () =>
    new Promise<void>((end) => {
      made.push(name);
      ends.set(name, end);
    });
  const first = patience(call("first"));
  const second = patience(call("second"));
  const late = assert.rejects(patience(call("late"), 1000), isFault(/^no answer within 1 s/));
  const third = patience(call("third"));
  await clock.advance(1000);
  await late;
  assert.deepEqual(made, ["first", "second"]);
  ends.get("second")?.();
  await second;
  assert.deepEqual(made, ["first", "second", "third"]);
  ends.get("third")?.();
  ends.get("first")?.();
  await Promise.all([first, third]);
  assert.equal(clock.sleepers(), 0);
});

test("those that wait are refused as soon as one is given up", async () => {
  const clock = createFakeClock();
  const patience = createPatience("/state", clock);
  let made = 0;
  const call = () => {
    made += 1;
    return new Promise<void>(() => undefined);
  };
  const first = assert.rejects(patience(call, 5000), isFault(/^no answer within 5 s/));
  patience(call).catch(() => undefined);
  const waiting = assert.rejects(patience(call), isFault(/still owes an answer/));
  await clock.advance(5000);
  await Promise.all([first, waiting]);
  assert.equal(made, 2);
});
