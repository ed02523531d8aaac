import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { isAborted, isAgentError } from "#agent/errors.js";
import { createAnswers } from "#agent/hub/answers.js";
import { createFakeClock } from "../support/fake-clock.js";

const never = new Promise<never>(() => undefined);
const open = new AbortController().signal;
const codeOf = (error: unknown) => (isAgentError(error) ? error.code : error);

describe("what the hub owes", () => {
  it("comes through, or fails as it failed, and the end leaves no timer behind", async () => {
    const clock = createFakeClock();
    const answers = createAnswers(clock, assert.fail);
    assert.equal(await answers.owe(Promise.resolve(7), "PUBACK", open), 7);
    await assert.rejects(answers.owe(Promise.reject(new Error("no")), "PUBACK", open), /no/);
    answers.end();
    assert.equal(clock.sleepers(), 0);
  });

  it("is overdue after 30 s, each by itself, and that is told", async () => {
    const clock = createFakeClock();
    const told: string[] = [];
    const answers = createAnswers(clock, ({ message }) => told.push(message));
    const first = answers.owe(never, "PUBACK of a-1", open).catch(codeOf);
    await clock.advance(20_000);
    const second = answers.owe(never, "PUBACK of a-2", open).catch(codeOf);
    await clock.advance(10_000);
    assert.equal(await first, "HUB_TIMEOUT");
    assert.deepEqual(told, ["no answer within 30 s: waited for PUBACK of a-1"]);
    await clock.advance(19_999);
    assert.equal(told.length, 1);
    await clock.advance(1);
    assert.equal(await second, "HUB_TIMEOUT");
  });

  it("that was paid in time is none of what is overdue", async () => {
    const clock = createFakeClock();
    const answers = createAnswers(clock, assert.fail);
    await answers.owe(Promise.resolve(), "PUBACK of a-1", open);
    await clock.advance(20_000);
    const second = answers.owe(clock.sleep(29_999), "PUBACK of a-2", open);
    await clock.advance(29_999);
    await second;
    await clock.advance(60_000);
  });

  it("leaves no listener behind when the connection ends", async () => {
    const { signal } = new AbortController();
    for (let connection = 0; connection < 3; connection += 1) {
      const answers = createAnswers(createFakeClock(), assert.fail);
      const waiting = answers.owe(never, "PUBACK", signal).catch(codeOf);
      assert.equal(getEventListeners(signal, "abort").length, 1);
      answers.end();
      await waiting;
      assert.equal(getEventListeners(signal, "abort").length, 0);
    }
  });

  it("is given up with the connection, also what is asked after its end", async () => {
    const clock = createFakeClock();
    const answers = createAnswers(clock, assert.fail);
    const both = [1, 2].map(() => answers.owe(never, "the twin update", open).catch(codeOf));
    answers.end();
    assert.deepEqual(await Promise.all(both), ["HUB_OFFLINE", "HUB_OFFLINE"]);
    assert.equal(await answers.owe(never, "PUBACK", open).catch(codeOf), "HUB_OFFLINE");
    assert.equal(clock.sleepers(), 0);
  });

  it("is given up when the caller has stopped, before or while it waits", async () => {
    const clock = createFakeClock();
    const answers = createAnswers(clock, assert.fail);
    assert.ok(isAborted(await answers.owe(never, "PUBACK", AbortSignal.abort()).catch((error) => error)));
    const stop = new AbortController();
    const waiting = answers.owe(never, "PUBACK", stop.signal).catch((error) => error);
    const other = answers.owe(never, "PUBACK", open).catch(codeOf);
    stop.abort();
    assert.ok(isAborted(await waiting));
    answers.end();
    assert.equal(await other, "HUB_OFFLINE");
  });
});
