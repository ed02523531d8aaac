import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { overrideFromRecord, overrideToRecord } from "#agent/cave/override-record.js";

const HOUR = 3_600_000;
const WALL = Date.UTC(2024, 0, 1);

/** What is left of an override with an hour to go, restored at monotonic 0 when the wall clock shows `wall`. */
function leftAt(wall: number): number {
  const record: unknown = JSON.parse(
    JSON.stringify(overrideToRecord({ on: true, until: 2 * HOUR }, HOUR, WALL)),
  );
  const { state, problem } = overrideFromRecord(record, 0, wall);
  assert.equal(problem, undefined);
  assert.equal(state?.on ?? true, true);
  return state?.until ?? 0;
}

describe("an override over a restart", () => {
  it("has left what the wall clock leaves of it", () => {
    assert.equal(leftAt(WALL), HOUR);
    assert.equal(leftAt(WALL + 0.25 * HOUR), 0.75 * HOUR);
    assert.equal(leftAt(WALL + HOUR - 1), 1);
    assert.equal(leftAt(WALL + HOUR), 0);
  });

  it("has no more left than when it was recorded, with a clock that went back", () => {
    for (const back of [1, HOUR, WALL]) assert.equal(leftAt(WALL - back), HOUR);
  });

  it("has ended, with a clock that leapt ahead", () => {
    assert.equal(leftAt(WALL + 5000 * HOUR), 0);
    assert.equal(leftAt(Number.NaN), 0);
  });

  it("counts from the monotonic clock of the new life", () => {
    const record = overrideToRecord({ on: false, until: 10 }, 3, WALL);
    assert.deepEqual(overrideFromRecord(record, 1000, WALL + 2).state, { on: false, until: 1005 });
  });

  it("is null when there is none, or none any more", () => {
    assert.equal(overrideToRecord(undefined, 0, WALL), null);
    assert.equal(overrideToRecord({ on: true, until: 5 }, 5, WALL), null);
    for (const record of [null, undefined]) {
      assert.deepEqual(overrideFromRecord(record, 0, WALL), { state: undefined, problem: undefined });
    }
  });

  it("is not restored from a broken record, which says what was wrong", () => {
    const good = { on: true, remaining: HOUR, recordedAt: WALL };
    const week = "milliseconds, 0 to 604800000 (seven days)";
    const bad: [unknown, string][] = [
      [7, "override record: 7 is not allowed; expected an object or null"],
      [{ ...good, on: "on" }, "override record, on: on is not allowed; expected true or false"],
      [{ ...good, remaining: -1 }, `override record, remaining: -1 is not allowed; expected ${week}`],
      [
        { ...good, remaining: 604_800_001 },
        `override record, remaining: 604800001 is not allowed; expected ${week}`,
      ],
      [
        { on: true, remaining: 1 },
        "override record, recordedAt: undefined is not allowed; expected milliseconds since 1970",
      ],
    ];
    for (const [record, problem] of bad) {
      assert.deepEqual(overrideFromRecord(record, 0, WALL), { state: undefined, problem });
    }
  });

  it("whatever the record and the clock, it never lasts longer than seven days, and the problem is short", () => {
    const records = fc.oneof(
      fc.anything(),
      fc.record({ on: fc.boolean(), remaining: fc.double(), recordedAt: fc.double() }),
    );
    fc.assert(
      fc.property(records, fc.nat(), fc.double(), (record, now, wall) => {
        const { state, problem } = overrideFromRecord(record, now, wall);
        if (state) assert.ok(state.until >= now && state.until <= now + 7 * 24 * HOUR);
        assert.ok((problem ?? "").length < 200);
      }),
    );
  });
});
