import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  delayed,
  type GuardLimits,
  type GuardState,
  guard,
  initialGuard,
  MOST_SWITCHES_PER_HOUR,
  putBack,
  switched,
} from "#agent/cave/guard.js";

const MINUTE = 60_000;
const LIMITS: GuardLimits = { minimumOn: 2 * MINUTE, minimumOff: 3 * MINUTE, switchesPerHour: 6 };
const at = (on: boolean | undefined, since = 0): GuardState => ({ on, since, switches: [] });

describe("minimum times", () => {
  it("a fan that is on stays on for minimumOn, and says until when and why", () => {
    const early = guard(at(true), false, LIMITS, 2 * MINUTE - 1);
    assert.equal(early.on, true);
    assert.deepEqual(early.held, { until: 2 * MINUTE, cause: "minimum-on" });
    assert.deepEqual(early.state, at(true));
    const due = guard(at(true), false, LIMITS, 2 * MINUTE);
    assert.deepEqual([due.on, due.held], [false, undefined]);
    assert.deepEqual(due.state, { on: false, since: 2 * MINUTE, switches: [2 * MINUTE] });
  });

  it("a fan that is off stays off for minimumOff", () => {
    const early = guard(at(false), true, LIMITS, 3 * MINUTE - 1);
    assert.deepEqual([early.on, early.held], [false, { until: 3 * MINUTE, cause: "minimum-off" }]);
    assert.equal(guard(at(false), true, LIMITS, 3 * MINUTE).on, true);
  });

  it("a fan that nobody knows is left alone for the longer of both, then commanded", () => {
    for (const wanted of [true, false]) {
      const early = guard(at(undefined), wanted, LIMITS, 3 * MINUTE - 1);
      assert.deepEqual([early.on, early.held], [undefined, { until: 3 * MINUTE, cause: "position-unknown" }]);
      assert.equal(guard(at(undefined), wanted, LIMITS, 3 * MINUTE).on, wanted);
    }
  });

  it("nothing is held when nothing is to change", () => {
    for (const wanted of [true, undefined]) {
      assert.deepEqual(guard(at(true), wanted, LIMITS, 1), { state: at(true), on: true, held: undefined });
    }
    assert.equal(guard(at(undefined), undefined, LIMITS, 9 * MINUTE).on, undefined);
  });

  it("a wish that is given up while it waits leaves no trace", () => {
    const waiting = guard(at(true), false, LIMITS, MINUTE);
    assert.equal(guard(waiting.state, true, LIMITS, 9 * MINUTE).on, true);
  });

  it("a command replayed a hundred times switches once, and its opposite waits", () => {
    let state = at(false);
    let switches = 0;
    for (let call = 0; call < 100; call += 1) {
      const guarded = guard(state, call % 2 === 0, LIMITS, 3 * MINUTE + call);
      if (guarded.on !== state.on) switches += 1;
      state = guarded.state;
    }
    assert.deepEqual([switches, state.on], [1, true]);
  });
});

describe("switches per hour", () => {
  const hasty: GuardLimits = { minimumOn: 0, minimumOff: 0, switchesPerHour: 3 };

  it("the one too many waits until the first of them is an hour old", () => {
    let state = at(false);
    for (const minute of [10, 20, 30]) state = guard(state, state.on === false, hasty, minute * MINUTE).state;
    assert.equal(state.on, true);
    const fourth = guard(state, false, hasty, 40 * MINUTE);
    assert.deepEqual([fourth.on, fourth.held], [true, { until: 70 * MINUTE, cause: "switches-per-hour" }]);
    assert.equal(guard(state, false, hasty, 70 * MINUTE - 1).on, true);
    assert.equal(guard(state, false, hasty, 70 * MINUTE).on, false);
  });

  it("says the limit that lasts longer", () => {
    const slow: GuardLimits = { ...hasty, minimumOn: 61 * MINUTE };
    const state: GuardState = { on: true, since: 30 * MINUTE, switches: [10, 20, 30].map((m) => m * MINUTE) };
    assert.deepEqual(guard(state, false, slow, 40 * MINUTE).held, {
      until: 91 * MINUTE,
      cause: "minimum-on",
    });
  });

  it("counts what was switched past the guard, and begins the minimum time anew", () => {
    const state = switched(switched(at(false), true, 1 * MINUTE), true, 2 * MINUTE);
    assert.deepEqual(state, { on: true, since: 2 * MINUTE, switches: [MINUTE, 2 * MINUTE] });
    assert.equal(guard(state, false, { ...LIMITS, switchesPerHour: 2 }, 5 * MINUTE).on, true);
  });

  it("remembers the last hour and no more, however often it was switched", () => {
    let state = initialGuard(false, 0);
    for (let second = 1; second <= 1000; second += 1)
      state = switched(state, second % 2 === 0, second * 1000);
    assert.equal(state.switches.length, MOST_SWITCHES_PER_HOUR);
    assert.deepEqual(switched(state, true, 3 * 3_600_000).switches, [3 * 3_600_000]);
  });
});

describe("a fan that does not do what it was told", () => {
  it("is counted once for one switch, at the latest moment that it can have come", () => {
    const once = guard(at(false), true, LIMITS, 3 * MINUTE).state;
    const late = delayed(delayed(once, 4 * MINUTE), 9 * MINUTE);
    assert.deepEqual(late, { on: true, since: 9 * MINUTE, switches: [9 * MINUTE] });
    assert.deepEqual(guard(late, false, LIMITS, 10 * MINUTE).held, {
      until: 11 * MINUTE,
      cause: "minimum-on",
    });
  });

  it("is put back without its minimum time, but never more often than it may switch", () => {
    let state = at(true);
    for (let count = 0; count < LIMITS.switchesPerHour; count += 1) {
      const back = putBack(state, LIMITS, count);
      assert.deepEqual([back.on, back.held], [true, undefined]);
      state = back.state;
    }
    const { held, state: same } = putBack(state, LIMITS, MINUTE);
    assert.deepEqual(held, { until: 60 * MINUTE, cause: "switches-per-hour" });
    assert.equal(same, state);
    assert.equal(putBack(state, LIMITS, 60 * MINUTE).held, undefined);
  });
});
