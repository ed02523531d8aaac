import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type ControllerState,
  type Decision,
  decide,
  initialState,
  type Limits,
} from "#agent/cave/controller.js";
import type { Settings } from "#agent/cave/settings.js";
import { anyAir, anySettings, DEFAULTS, noAir } from "./support.ts";

const LIMITS: Limits = { staleAfter: 60_000, safeState: "on" };

const anyLimits: fc.Arbitrary<Limits> = fc.record({
  staleAfter: fc.integer({ min: 1, max: 3_600_000 }),
  safeState: fc.constantFrom("on", "off", "hold"),
});

function air(temperature: number, humidity: number) {
  return { temperature, humidity };
}

/** Decides once a second over these readings; what was decided at each. */
function follow(
  readings: ({ temperature: number; humidity: number } | undefined)[],
  settings: Settings = DEFAULTS,
  start: ControllerState = initialState(0),
): Decision[] {
  let state = start;
  return readings.map((reading, second) => {
    const decision = decide(state, reading, settings, LIMITS, second * 1000);
    state = decision.state;
    return decision;
  });
}

function commands(decisions: Decision[]): string {
  return decisions.map(({ command, reason }) => `${command} ${reason}`).join(", ");
}

describe("the automatic rule", () => {
  it("cools above target + band until the target is reached", () => {
    const decisions = follow([air(13, 90), air(13.01, 90), air(12.01, 90), air(12, 90), air(12.9, 90)]);
    assert.equal(commands(decisions), "off in-band, on too-warm, on too-warm, off in-band, off in-band");
  });

  it("dries above target + band until the target is reached", () => {
    const decisions = follow([air(12, 95), air(12, 95.01), air(12, 90.01), air(12, 90), air(12, 94)]);
    assert.equal(commands(decisions), "off in-band, on too-humid, on too-humid, off in-band, off in-band");
  });

  it("stays off in a cave that is too cold, however humid, until the target is reached", () => {
    const decisions = follow([air(11, 99), air(10.99, 99), air(11.99, 99), air(12, 99)]);
    assert.equal(commands(decisions), "on too-humid, off too-cold, off too-cold, on too-humid");
  });

  it("cools a cave that is too warm, however dry", () => {
    assert.equal(commands(follow([air(14, 40), air(12.5, 40)])), "on too-warm, on too-warm");
  });

  it("says that the air is too dry when it leaves the fan off for that", () => {
    assert.equal(commands(follow([air(12, 84.9), air(12, 85)])), "off too-dry, off in-band");
  });

  it("never switches while the air moves inside both bands", () => {
    fc.assert(
      fc.property(
        anySettings,
        anyAir,
        fc.array(
          fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })),
        ),
        (any, before, wobbles) => {
          const settings: Settings = { ...any, fanMode: "auto" };
          // Strictly between target and the upper edge: where a thermostat without memory would chatter.
          const inside = wobbles.map(([t, h]) =>
            air(
              settings.targetTemperature + (settings.temperatureBand * (t + 1.001)) / 2.01,
              Math.min(100, settings.targetHumidity + (settings.humidityBand * (h + 1.001)) / 2.01),
            ),
          );
          const [, first, ...rest] = follow([before, ...inside], settings);
          for (const { command } of rest) assert.equal(command, first?.command);
        },
      ),
    );
  });

  it("switches at most once on a way from one end of the range to the other", () => {
    fc.assert(
      fc.property(anySettings, fc.array(anyAir, { minLength: 2 }), (any, airs) => {
        const warming = airs
          .map(({ temperature }) => air(temperature, any.targetHumidity))
          .sort((a, b) => a.temperature - b.temperature);
        for (const way of [warming, warming.toReversed()]) {
          const commanded = follow(way, { ...any, fanMode: "auto" }).map(({ command }) => command);
          const switches = commanded.filter(
            (command, index) => index > 0 && command !== commanded[index - 1],
          );
          assert.ok(switches.length <= 1, commanded.join(" "));
        }
      }),
    );
  });
});

describe("overrides and fan mode", () => {
  const overridden = (on: boolean, until: number): ControllerState => ({
    ...initialState(0),
    override: { on, until },
  });

  it("an override wins over fanMode, and fanMode over the automatic rule", () => {
    const settings: Settings = { ...DEFAULTS, fanMode: "off" };
    const decisions = follow([air(20, 90), air(20, 90), air(20, 90)], settings, overridden(true, 1500));
    assert.equal(commands(decisions), "on override, on override, off fan-mode");
    assert.equal(decisions[1]?.state.override?.until, 1500);
    assert.equal(decisions[2]?.state.override, undefined);
  });

  it("the automatic rule goes on under an override, and takes over where the air is by then", () => {
    const decisions = follow([air(14, 90), air(12.5, 90)], DEFAULTS, overridden(false, 1000));
    assert.equal(commands(decisions), "off override, on too-warm");
  });

  it("stand above the safe state: they need no sensor", () => {
    const late = LIMITS.staleAfter * 10;
    assert.equal(decide(overridden(false, late + 1), undefined, DEFAULTS, LIMITS, late).command, "off");
    const byMode = decide(initialState(0), undefined, { ...DEFAULTS, fanMode: "off" }, LIMITS, late);
    assert.equal(byMode.command, "off");
  });

  it("an expired override never acts", () => {
    fc.assert(
      fc.property(
        anySettings,
        fc.oneof(anyAir, noAir),
        anyLimits,
        fc.boolean(),
        fc.nat(),
        fc.nat(),
        (settings, reading, limits, on, until, after) => {
          const now = until + after;
          const withIt = decide(overridden(on, until), reading, settings, limits, now);
          assert.deepEqual(withIt, decide(initialState(0), reading, settings, limits, now));
        },
      ),
    );
  });
});

describe("without a valid reading", () => {
  it("holds from the start until a first reading is overdue, then takes the safe state", () => {
    const at = (now: number): string => commands([decide(initialState(5), undefined, DEFAULTS, LIMITS, now)]);
    assert.equal(at(5), "hold starting");
    assert.equal(at(60_005), "hold starting");
    assert.equal(at(60_006), "on stale-sample");
  });

  it("holds with the last reason for a while, then takes the safe state, and recovers", () => {
    const [warm] = follow([air(14, 90)]);
    assert.ok(warm);
    const at = (now: number): string =>
      commands([decide(warm.state, undefined, DEFAULTS, { ...LIMITS, safeState: "off" }, now)]);
    assert.equal(at(60_000), "hold too-warm");
    assert.equal(at(60_001), "off stale-sample");
    const later = decide(warm.state, air(14, 90), DEFAULTS, LIMITS, 30_000);
    assert.equal(decide(later.state, undefined, DEFAULTS, LIMITS, 90_000).reason, "too-warm");
    assert.equal(decide(later.state, undefined, DEFAULTS, LIMITS, 90_001).reason, "stale-sample");
    const stale = decide(warm.state, undefined, DEFAULTS, LIMITS, 100_000);
    assert.equal(commands([decide(stale.state, air(12, 90), DEFAULTS, LIMITS, 101_000)]), "off in-band");
  });

  it("commands nothing but the safe state or hold in automatic mode, and learns nothing", () => {
    fc.assert(
      fc.property(
        anySettings,
        fc.option(anyAir, { nil: undefined }),
        noAir,
        anyLimits,
        fc.nat(),
        (any, before, reading, limits, now) => {
          const settings: Settings = { ...any, fanMode: "auto" };
          const { state } = decide(initialState(0), before, settings, limits, 0);
          const decision = decide(state, reading, settings, limits, now);
          assert.equal(decision.command, now > limits.staleAfter ? limits.safeState : "hold");
          assert.deepEqual(decision.state, state);
        },
      ),
    );
  });
});
