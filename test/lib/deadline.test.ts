import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { isAborted, isAgentError } from "#agent/errors.js";
import { withDeadline } from "#agent/lib/deadline.js";
import { createFakeClock } from "../support/fake-clock.js";

const deadline = { after: 5000, code: "HUB_TIMEOUT", awaiting: "the hub", remedy: "wait" };
const never = new Promise<never>(() => undefined);

test("what is done in time passes through, and leaves no timer behind", async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  assert.equal(await withDeadline(Promise.resolve(7), deadline, clock, signal), 7);
  await clock.advance(0);
  assert.equal(clock.sleepers(), 0);
  await assert.rejects(withDeadline(Promise.reject(new Error("no")), deadline, clock, signal), /no/);
});

test("what is late is a retryable error that says what was waited for", async () => {
  const clock = createFakeClock();
  const late = withDeadline(never, deadline, clock, new AbortController().signal);
  const outcome = late.catch((error: unknown) => error);
  await clock.advance(5000);
  const error = await outcome;
  assert.ok(isAgentError(error));
  assert.equal(error.code, "HUB_TIMEOUT");
  assert.equal(error.retryable, true);
  assert.match(error.message, /within 5 s: waited for the hub/);
});

test("an abort ends the waiting at once", async () => {
  const stop = new AbortController();
  const waiting = withDeadline(never, deadline, createFakeClock(), stop.signal).catch(
    (error: unknown) => error,
  );
  stop.abort();
  assert.ok(isAborted(await waiting));
});

test("whoever has waited listens to the signal no more, also when the work never ends", async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const listeners = () => getEventListeners(signal, "abort").length;
  for (const work of [never, () => never, Promise.resolve(), () => Promise.reject(new Error("no"))]) {
    const waiting = withDeadline<unknown>(work, deadline, clock, signal).catch(() => undefined);
    assert.equal(listeners() > 0, true);
    await clock.advance(5000);
    await waiting;
    assert.deepEqual([listeners(), clock.sleepers()], [0, 0]);
  }
});
