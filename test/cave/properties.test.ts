import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SteerLimits } from "#agent/cave/steer.js";
import { anyEvents, anySteerLimits, type Event, live, type Moment, type Perils } from "./gateway.ts";

const HOUR = 3_600_000;
const RUNS = { numRuns: 400 };

function always(perils: Perils, holds: (moment: Moment, limits: SteerLimits, events: Event[]) => void): void {
  fc.assert(
    fc.property(anyEvents(perils), anySteerLimits, (events, limits) => {
      for (const moment of live(events, limits)) holds(moment, limits, events);
    }),
    RUNS,
  );
}

function hasMoved({ fanBefore, fanAfter }: Moment): boolean {
  return fanBefore !== fanAfter;
}

describe("whatever the sensor brings, people command, clocks do and however often the agent restarts", () => {
  it("minimum on and off times hold, in true time, also when records are lost or corrupt", () => {
    always({ wall: true, records: true }, (moment, { guard }) => {
      if (!hasMoved(moment)) return;
      const minimum = moment.fanBefore ? guard.minimumOn : guard.minimumOff;
      const rested = moment.at - (moment.moves.at(-1) ?? Number.NaN);
      assert.ok(rested >= minimum, `switched after ${rested} ms, minimum ${minimum} ms`);
    });
  });

  it("no command makes more than N moves in an hour, counting those past the guard", () => {
    always({ wall: true, records: false }, (moment, { guard }) => {
      if (!hasMoved(moment)) return;
      const moves = moment.moves.filter((at) => at > moment.at - HOUR).length + 1;
      assert.ok(moves <= guard.switchesPerHour, `${moves} moves in an hour`);
    });
  });

  it("an invalid sample never moves a fan out of its safe state", () => {
    always({ wall: true, records: true }, (moment, { safeState }) => {
      const { steering, mode } = moment;
      const isBad = !moment.isValid || steering.quality !== "good";
      if (!isBad || mode !== "auto" || steering.reason === "override") return;
      const isSafe = safeState === "hold" || moment.fanBefore === (safeState === "on");
      if (isSafe) assert.equal(moment.fanAfter, moment.fanBefore);
    });
  });

  it("an override never acts for longer than was left of it, whatever the wall clock says", () => {
    always({ wall: true, records: true }, ({ steering, override }) => {
      if (steering.reason === "override") assert.ok(override && override.left > 0, "it had expired");
    });
  });

  it("with an honest wall clock an override acts until its very end, across restarts, and no moment longer", () => {
    always({ wall: false, records: true }, ({ at, steering, override }) => {
      assert.equal(steering.reason === "override", override !== undefined && at < override.until);
    });
  });

  it("a sensor that is gone leaves the fan in its safe state once the guard lets it", () => {
    fc.assert(
      fc.property(anyEvents({ wall: true, records: true }), anySteerLimits, (events, limits) => {
        const { staleAfter } = limits.quality;
        const silence = [staleAfter + 1, HOUR, 1].map(
          (after): Event => ({ kind: "sample", after, air: undefined, isValid: false }),
        );
        const calm: Event[] = [{ kind: "auto" }, { kind: "mode", mode: "auto" }];
        const end = live([...events, ...calm, ...silence], limits).at(-1);
        assert.equal(end?.steering.reason, "stale-sample");
        if (limits.safeState !== "hold") assert.equal(end?.fanAfter, limits.safeState === "on");
      }),
      RUNS,
    );
  });
});

describe("the property tests", () => {
  it("see the fan move, be held for every cause, and overrides come and end", () => {
    const seen = new Set<string>();
    const plans = fc.sample(fc.tuple(anyEvents({ wall: true, records: true }), anySteerLimits), 300);
    for (const [events, limits] of plans) {
      for (const moment of live(events, limits)) {
        if (hasMoved(moment)) seen.add("moved");
        seen.add(`held ${moment.steering.held?.cause}`);
        seen.add(moment.steering.quality);
        seen.add(moment.steering.reason);
        if (moment.override && moment.override.left <= 0) seen.add("override ended");
      }
    }
    const wanted = [
      ...["moved", "held minimum-on", "held minimum-off", "held position-unknown", "held switches-per-hour"],
      ...["good", "missing", "range", "jump", "override", "override ended", "stale-sample", "too-warm"],
    ];
    assert.deepEqual(
      wanted.filter((sight) => !seen.has(sight)),
      [],
    );
  });
});
