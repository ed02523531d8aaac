import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FanRequest, type FanRig, readFanRecord, startFan } from "./fan-calls.ts";

const CALLS = 100;
/** More than ten that wait for the fan are refused, and each is written to the disk first. */
const AT_A_TIME = 10;

/** What each came to, in order. */
async function callAll(call: FanRig["call"], wishes: FanRequest[]) {
  const answers: Awaited<ReturnType<FanRig["call"]>>[] = [];
  for (let next = 0; next < wishes.length; next += AT_A_TIME) {
    answers.push(...(await Promise.all(wishes.slice(next, next + AT_A_TIME).map((wish) => call(wish)))));
  }
  return answers;
}

describe("fault 34: a direct method that is replayed", { concurrency: true }, () => {
  it(`switches the fan once, however often the same command comes: ${CALLS} times`, async (t) => {
    const { call, switches, rig, agent } = await startFan(t, {});
    const answers = await callAll(call, Array(CALLS).fill("on"));
    for (const { status, payload } of answers) assert.deepEqual([status, payload.fanState], [200, "on"]);
    assert.deepEqual(switches(), ["off", "on"]);
    const { guard } = readFanRecord(rig);
    // One counts as made at the start, because nobody knows when the fan was switched before.
    assert.deepEqual([guard.on, guard.switchAges.length], [true, 2], JSON.stringify(guard));
    assert.equal((await agent.stop()).code, 0);
  });

  it(`keeps the minimum times, in ${CALLS} commands that contradict each other`, async (t) => {
    const { call, switches } = await startFan(t, { "fan.minimumOn": "1h" });
    assert.equal((await call("on")).status, 200);
    const wishes: FanRequest[] = Array.from({ length: CALLS }, (_, index) => (index % 2 ? "on" : "off"));
    const answers = await callAll(call, wishes);
    for (const [index, { status, payload }] of answers.entries()) {
      assert.deepEqual([status, payload.fanState], [wishes[index] === "on" ? 200 : 202, "on"]);
      if (status === 202) assert.equal(payload.heldBecause, "minimum-on");
    }
    const refused = await call({ state: "off", minutes: 5 });
    assert.equal(refused.status, 400, "the minimum time outlasts this wish");
    assert.deepEqual(switches(), ["off", "on"]);
  });
});
