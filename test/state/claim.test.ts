import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { systemClock } from "#agent/lib/clock.js";
import { createStateClaim } from "#agent/state/claim.js";
import { lockState } from "#agent/state/lock.js";
import { defer } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.js";

/** A claim whose first try has failed, because a file stands in the directory's place. */
async function setUp(t: TestContext) {
  const directory = join(await temporaryDirectory(t), "blocked", "state");
  writeFileSync(dirname(directory), "");
  const told: (string | undefined)[] = [];
  const claim = createStateClaim({
    directory,
    deviceId: "cave-01",
    clock: systemClock,
    onChange: (refusal) => told.push(refusal?.code),
  });
  defer(t, () => claim.release());
  await assert.rejects(claim.take(), (error) => !isAgentError(error));
  assert.deepEqual([claim.isTaken(), told], [false, []]);
  rmSync(dirname(directory));
  mkdirSync(directory, { recursive: true });
  return { directory, claim, told };
}

const hasCode = (code: string) => (error: unknown) => isAgentError(error) && error.code === code;

test("a directory that could not be taken is taken once it can be, by one who asks or by many", async (t) => {
  const { directory, claim, told } = await setUp(t);
  await Promise.all([claim.take(), claim.take(), claim.take()]);
  await claim.take();
  assert.deepEqual([claim.isTaken(), told], [true, [undefined]]);
  assert.deepEqual(readdirSync(directory), ["lock.1"]);
  await assert.rejects(lockState(directory, "other", systemClock), hasCode("STATE_IN_USE"));
});

test("an agent that has it by then keeps it, and leaves it to this one if it has not worked", async (t) => {
  const { directory, claim, told } = await setUp(t);
  const other = await lockState(directory, "process 4711", systemClock);
  await assert.rejects(claim.take(), hasCode("STATE_IN_USE"));
  await other.release();
  await claim.take();
  assert.deepEqual([claim.isTaken(), told], [true, ["STATE_IN_USE", undefined]]);
});

test("what another agent has worked on meanwhile is not taken any more, and is not held either", async (t) => {
  const { directory, claim, told } = await setUp(t);
  const other = await lockState(directory, "process 4711", systemClock);
  writeFileSync(join(directory, "sequence"), '{"reserved": 100}');
  await other.release();
  for (const _ of [1, 2]) await assert.rejects(claim.take(), hasCode("STATE_IN_USE"));
  assert.deepEqual([claim.isTaken(), told], [false, ["STATE_IN_USE", "STATE_IN_USE"]]);
  assert.deepEqual(readdirSync(directory), ["sequence"]);
});

test("a directory that comes late and is another device's is left as it is", async (t) => {
  const { directory, claim, told } = await setUp(t);
  writeFileSync(join(directory, "device.json"), '{"id":"cave-02"}');
  await assert.rejects(claim.take(), hasCode("STATE_OF_ANOTHER_DEVICE"));
  assert.deepEqual([claim.isTaken(), told], [false, ["STATE_OF_ANOTHER_DEVICE"]]);
  assert.deepEqual(readdirSync(directory), ["device.json"]);
});
