import assert from "node:assert/strict";
import { test } from "node:test";
import { everyPeriod } from "#agent/lib/periodic.js";
import { createFakeClock } from "../support/fake-clock.js";

test("the task runs at once and then every period, without drift", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const runs: number[] = [];
  const task = async (signal: AbortSignal) => {
    runs.push(clock.monotonic());
    await clock.sleep(300, signal);
  };
  const loop = everyPeriod(() => 1000, task, clock, stop.signal);
  await clock.advance(3500);
  stop.abort();
  await loop;
  assert.deepEqual(runs, [0, 1000, 2000, 3000]);
});

test("a task that is slower than its period is not run twice at once, nor are missed runs made up for", async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  const runs: number[] = [];
  const task = async (signal: AbortSignal) => {
    runs.push(clock.monotonic());
    await clock.sleep(runs.length === 1 ? 2500 : 0, signal);
  };
  const loop = everyPeriod(() => 1000, task, clock, stop.signal);
  await clock.advance(4000);
  stop.abort();
  await loop;
  assert.deepEqual(runs, [0, 2500, 3500]);
});

test("a failure of the task ends the loop", async () => {
  const loop = everyPeriod(
    () => 1000,
    () => Promise.reject(new Error("broken")),
    createFakeClock(),
    new AbortController().signal,
  );
  await assert.rejects(loop, /broken/);
});
