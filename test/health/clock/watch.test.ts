import assert from "node:assert/strict";
import { test } from "node:test";
import { createClockWatch } from "#agent/health/clock/watch.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { until } from "../../support/until.js";
import { CHRONY, noTimeServices, startUdpService } from "./services.ts";

const MINUTE = 60_000;

async function setUp(t: Parameters<typeof noTimeServices>[0]) {
  let answer: Buffer | undefined = CHRONY.unsynchronized;
  const { port, questions } = await startUdpService(t, () => answer);
  const clock = createFakeClock();
  const changes: unknown[] = [];
  const watch = createClockWatch({ ...(await noTimeServices(t)), chronyPort: port }, clock, () =>
    changes.push(watch.isSynchronized()),
  );
  const stopping = new AbortController();
  const running = watch.run(stopping.signal);
  return {
    clock,
    changes,
    questions,
    stopping,
    running,
    say: (next: Buffer) => {
      answer = next;
    },
    /** The look that is under way has ended, and the next one waits. */
    looked: () => until("a look has ended", () => clock.sleepers() === 1),
  };
}

test("not synchronized is told after two minutes, once; synchronized at the next look, for good", async (t) => {
  const { clock, changes, questions, running, say, looked } = await setUp(t);
  for (const _ of [0, 1]) {
    await looked();
    assert.deepEqual(changes, []);
    await clock.advance(MINUTE);
  }
  await looked();
  assert.deepEqual(changes, [false]);
  await clock.advance(MINUTE);
  await looked();
  say(CHRONY.synchronized);
  await clock.advance(MINUTE);
  await running;
  assert.deepEqual(changes, [false, true]);
  assert.equal(questions.length, 5);
  assert.equal(clock.sleepers(), 0);
});

test("what becomes synchronized while the machine boots is never told as not", async (t) => {
  const { clock, changes, running, say, looked } = await setUp(t);
  await looked();
  say(CHRONY.synchronized);
  await clock.advance(MINUTE);
  await running;
  assert.deepEqual(changes, [true]);
});

test("it ends when it is asked to", async (t) => {
  const { changes, stopping, running, looked } = await setUp(t);
  await looked();
  stopping.abort();
  await running;
  assert.deepEqual(changes, []);
});
