import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type GuardLimits, type GuardState, guard } from "#agent/cave/guard.js";
import { guardFromRecord, guardToRecord } from "#agent/cave/guard-record.js";

const MINUTE = 60_000;
const LIMITS: GuardLimits = { minimumOn: 2 * MINUTE, minimumOff: 3 * MINUTE, switchesPerHour: 3 };
const STATE: GuardState = { on: true, since: 9 * MINUTE, switches: [2, 5, 9].map((m) => m * MINUTE) };

const throughJson = (state: GuardState, now: number): unknown =>
  JSON.parse(JSON.stringify(guardToRecord(state, now)));

describe("the guard over a restart", () => {
  it("goes on where it was: the age of the last switch and of all of the last hour", () => {
    const { state, problem } = guardFromRecord(throughJson(STATE, 10 * MINUTE), 5, true);
    assert.equal(problem, undefined);
    assert.deepEqual(state, {
      on: true,
      since: 5 - MINUTE,
      switches: [8, 5, 1].map((age) => 5 - age * MINUTE),
    });
    assert.equal(guard(state, false, { ...LIMITS, switchesPerHour: 9 }, MINUTE + 4).on, true);
    assert.equal(guard(state, false, { ...LIMITS, switchesPerHour: 9 }, MINUTE + 5).on, false);
    assert.deepEqual(guard(state, false, LIMITS, MINUTE + 5).held, {
      until: 52 * MINUTE + 5,
      cause: "switches-per-hour",
    });
  });

  it("counts a fan that is not where it was recorded as switched just now", () => {
    const { state } = guardFromRecord(throughJson(STATE, 99 * MINUTE), 7, false);
    assert.deepEqual([state.on, state.since, state.switches.at(-1)], [false, 7, 7]);
    const unknown = guardFromRecord(throughJson(STATE, 99 * MINUTE), 7, undefined).state;
    assert.deepEqual([unknown.on, unknown.since, unknown.switches], [undefined, 7, [7]]);
  });

  it("carries an unknown position", () => {
    const record = throughJson({ on: undefined, since: 0, switches: [] }, MINUTE);
    assert.equal(guardFromRecord(record, 0, undefined).state.on, undefined);
    assert.deepEqual(guardFromRecord(record, 8, true).state, { on: true, since: 8, switches: [8] });
  });

  it("without a record the fan may have been switched a moment ago, and that is no problem to report", () => {
    assert.deepEqual(guardFromRecord(undefined, 3, false), {
      state: { on: false, since: 3, switches: [3] },
      problem: undefined,
    });
  });

  it("a corrupt record counts as none, and says which field was wrong", () => {
    const good = { on: true, age: 9, switchAges: [9] };
    const bad: [unknown, string][] = [
      [null, "guard record: null is not allowed; expected an object"],
      ["{}", "guard record: {} is not allowed; expected an object"],
      [[], "guard record: a list or object is not allowed; expected an object"],
      [{}, "guard record, on: undefined is not allowed; expected true, false or null"],
      [{ ...good, on: 1 }, "guard record, on: 1 is not allowed; expected true, false or null"],
      [{ ...good, age: -1 }, "guard record, age: -1 is not allowed; expected milliseconds, 0 or more"],
      [{ ...good, age: "9" }, "guard record, age: 9 is not allowed; expected milliseconds, 0 or more"],
    ];
    for (const switchAges of [9, [9, null], [-1], [Number.NaN], Array.from({ length: 61 }, () => 1)]) {
      const shown = typeof switchAges === "number" ? switchAges : "a list or object";
      const allowed = "at most 60 numbers of milliseconds, each 0 or more";
      bad.push([
        { ...good, switchAges },
        `guard record, switchAges: ${shown} is not allowed; expected ${allowed}`,
      ]);
    }
    for (const [record, problem] of bad) {
      const state: GuardState = { on: true, since: 4, switches: [4] };
      assert.deepEqual(guardFromRecord(record, 4, true), { state, problem });
    }
  });

  it("is never more lenient than its newest switch, whatever else the record says", () => {
    const record = { on: true, age: 99 * MINUTE, switchAges: [MINUTE, 50 * MINUTE] };
    const { state } = guardFromRecord(record, 0, true);
    assert.deepEqual([state.since, state.switches], [-MINUTE, [-50 * MINUTE, -MINUTE]]);
  });

  it("whatever the record, no minimum time lasts longer than its full length after the restart", () => {
    const records = fc.oneof(
      fc.anything(),
      fc.record({
        on: fc.constantFrom(true, false, null),
        age: fc.oneof(fc.double(), fc.nat()),
        switchAges: fc.array(fc.oneof(fc.double(), fc.nat())),
      }),
    );
    const positions = fc.constantFrom(true, false, undefined);
    fc.assert(
      fc.property(records, positions, fc.boolean(), fc.nat(), (record, found, wanted, now) => {
        const { state } = guardFromRecord(record, now, found);
        const later = guard(state, wanted, { ...LIMITS, switchesPerHour: 60 }, now + 3 * MINUTE);
        assert.equal(later.on, wanted);
        const much = guard(state, wanted, LIMITS, now + 3_600_000);
        assert.equal(much.on, wanted);
      }),
    );
  });
});
