import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Air } from "#agent/cave/air.js";
import {
  drivesControl,
  initialQuality,
  judge,
  type Measured,
  type Quality,
  type QualityLimits,
} from "#agent/cave/quality.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { anyAir, noAir } from "./support.ts";

const LIMITS: QualityLimits = {
  temperature: { minimum: -10, maximum: 40, perSecond: 0.5 },
  humidity: { minimum: 10, maximum: 100, perSecond: 3 },
  believeAfter: { readings: 3, time: 30_000 },
  stuckAfter: 3_600_000,
  staleAfter: 60_000,
};

const air = (temperature: number, humidity = 90): Air => ({ temperature, humidity });

/** The quality of each reading, read every `period` seconds. */
function qualities(
  readings: (Measured | undefined)[],
  period = 5,
  limits: Partial<QualityLimits> = {},
): Quality[] {
  let state = initialQuality(0);
  return readings.map((reading, index) => {
    const judged = judge(state, reading, { ...LIMITS, ...limits }, index * period * 1000);
    state = judged.state;
    return judged.quality;
  });
}

/** A live sensor: never twice the same. */
const alive = (count: number): Air[] =>
  Array.from({ length: count }, (_, index) => air(12 + (index % 7) / 100, 90 + (index % 3) / 100));

const count = (list: Quality[], quality: Quality): number => list.filter((each) => each === quality).length;

describe("range", () => {
  it("takes the edges of what is plausible and nothing beyond", () => {
    for (const edge of [air(-10), air(40), air(12, 10), air(12, 100)]) {
      assert.deepEqual(qualities([edge]), ["good"]);
    }
    for (const beyond of [air(-10.01), air(40.01), air(12, 9.99), air(12, 100.01)]) {
      assert.deepEqual(qualities([beyond]), ["range"]);
    }
  });

  it("holds the sensor's own limits also where the plausible ones are wider", () => {
    const wide = { minimum: -1000, maximum: 1000, perSecond: 1000 };
    fc.assert(
      fc.property(noAir, (reading) => {
        const [quality] = qualities([reading], 5, { temperature: wide, humidity: wide });
        assert.equal(quality, reading === undefined ? "missing" : "range");
      }),
    );
  });

  it("forgets nothing: the next reading is judged by the last good one", () => {
    assert.deepEqual(qualities([air(12), air(99), undefined, air(12.1)], 1), [
      "good",
      "range",
      "missing",
      "good",
    ]);
  });
});

describe("heated", () => {
  it("counts for nothing: no good value, no new level, no stuck row", () => {
    const heated = (temperature: number) => ({ ...air(temperature), heated: true as const });
    assert.deepEqual(
      qualities([air(12), heated(15), heated(15.1), heated(15), air(12.1), { ...air(99), heated: true }]),
      ["good", "heated", "heated", "heated", "good", "range"],
    );
    assert.equal(drivesControl("heated"), false);
    const same = Array.from({ length: 20 }, () => heated(12));
    assert.equal(count(qualities(same, 5, { stuckAfter: 10_000 }), "stuck"), 0);
  });
});

describe("jump", () => {
  it("refuses one wrong value and goes on with the next right one", () => {
    assert.deepEqual(qualities([air(12), air(30), air(12.1), air(12, 10), air(12)]), [
      "good",
      "jump",
      "good",
      "jump",
      "good",
    ]);
  });

  it("is measured per second since the last good reading", () => {
    assert.deepEqual(qualities([air(12), air(12.6)], 1), ["good", "good"]);
    assert.deepEqual(qualities([air(12), air(12.8)], 1), ["good", "jump"]);
    assert.deepEqual(qualities([air(12), air(12.8)], 2), ["good", "good"]);
    assert.deepEqual(qualities([air(12, 90), air(12, 86)], 1), ["good", "good"]);
    assert.deepEqual(qualities([air(12, 90), air(12, 85)], 1), ["good", "jump"]);
  });

  it("is not noise: two readings at once may differ by a little", () => {
    assert.deepEqual(qualities([air(12, 90), air(12.2, 91)], 0), ["good", "good"]);
  });

  it("a new level is believed after so many readings that agree", () => {
    assert.deepEqual(qualities([air(12), air(20), air(20.1), air(20), air(20.1)], 1), [
      "good",
      "jump",
      "jump",
      "good",
      "good",
    ]);
  });

  it("with slow readings, two that agree are enough once the level has stood for the time", () => {
    assert.deepEqual(qualities([air(12), air(30), air(30.1)], 30), ["good", "jump", "good"]);
    assert.deepEqual(qualities([air(12), air(30), air(30.1)], 29), ["good", "jump", "jump"]);
  });

  it("is never believed at the first sight", () => {
    const hasty = { believeAfter: { readings: 1, time: 0 } };
    assert.deepEqual(qualities([air(12), air(30), air(30)], 1, hasty), ["good", "jump", "good"]);
  });

  it("gaps do not break the agreement, a reading at the old level does", () => {
    assert.deepEqual(qualities([air(12), air(20), undefined, air(20), air(99), air(20)], 1).at(-1), "good");
    assert.deepEqual(qualities([air(12), air(20), air(20), air(12), air(20), air(20)], 1).at(-1), "jump");
  });

  it("a sensor that gives random numbers is never believed far from where it was, however long it goes on", () => {
    const spread = [-8, 20, 5, 35, -3, 27, 12, 39, 2, 18, 31, 9];
    const readings = Array.from({ length: 600 }, (_, index) => air(spread[index % spread.length] ?? 0));
    const judged = qualities(readings);
    const believed = readings.filter((_, index) => judged[index] === "good");
    for (const [index, { temperature }] of believed.entries()) {
      const step = Math.abs(temperature - (believed[index - 1] ?? { temperature }).temperature);
      assert.ok(step <= 5.2, `${step} °C from one good reading to the next`);
    }
  });
});

describe("stuck", () => {
  it("is said of a value that has not moved for stuckAfter, and taken back at the first that has", () => {
    const judged = qualities([...Array.from({ length: 722 }, () => air(12)), air(12.01)]);
    assert.equal(judged.indexOf("stuck"), 720);
    assert.deepEqual(judged.slice(-2), ["stuck", "good"]);
    assert.equal(count(judged, "good"), 721);
  });

  it("needs both values frozen: humidity rests at 100 in a wet cave", () => {
    const wet = alive(1500).map(({ temperature }) => air(temperature, 100));
    assert.equal(count(qualities(wet), "good"), 1500);
    const even = alive(1500).map(({ humidity }) => air(12, humidity));
    assert.equal(count(qualities(even), "good"), 1500);
  });

  it("is not said of two equal readings with an outage between them", () => {
    const outage = Array.from({ length: 800 }, () => undefined);
    assert.equal(qualities([air(12), ...outage, air(12)]).at(-1), "good");
  });

  it("goes on through single missing readings", () => {
    const judged = qualities(
      Array.from({ length: 800 }, (_, index) => (index % 3 === 0 ? undefined : air(12))),
    );
    assert.equal(judged.filter((quality) => quality === "stuck").length > 0, true);
  });

  it("can be turned off", () => {
    const frozen = Array.from({ length: 2000 }, () => air(12));
    assert.equal(count(qualities(frozen, 5, { stuckAfter: Infinity }), "stuck"), 0);
  });
});

describe("stale", () => {
  const staleAt = (readings: (Air | undefined)[], now: number): boolean => {
    let state = initialQuality(0);
    for (const reading of readings) state = judge(state, reading, LIMITS, 0).state;
    return judge(state, undefined, LIMITS, now).stale;
  };

  it("begins when the last good reading, or the start, is longer ago than staleAfter", () => {
    for (const readings of [[], [air(12)], [air(12), air(99), air(30)]]) {
      assert.equal(staleAt(readings, 60_000), false);
      assert.equal(staleAt(readings, 60_001), true);
    }
  });

  it("a stuck value becomes stale too: it is no news", () => {
    let judged = judge(initialQuality(0), air(12), LIMITS, 0);
    for (let now = 5000; now <= 3_700_000; now += 5000) judged = judge(judged.state, air(12), LIMITS, now);
    assert.deepEqual([judged.quality, judged.stale], ["stuck", true]);
  });

  it("ends with the reading that is good again", () => {
    const late = judge(judge(initialQuality(0), air(12), LIMITS, 0).state, air(12.1), LIMITS, 9_000_000);
    assert.deepEqual([late.quality, late.stale], ["good", false]);
  });
});

describe("quality", () => {
  it("only good readings drive control", () => {
    const all: Quality[] = ["good", "missing", "range", "jump", "stuck"];
    assert.deepEqual(all.filter(drivesControl), ["good"]);
  });

  it("a good reading is always in range; a constant level is good again after a few, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyAir, noAir)), fc.integer({ min: 1, max: 600 }), (readings, period) => {
        const judged = qualities([...readings, ...alive(4)], period);
        for (const [index, reading] of readings.entries()) {
          if (judged[index] !== "good") continue;
          assert.ok(reading && reading.temperature >= -10 && reading.temperature <= 40);
        }
        assert.equal(judged.at(-1), "good");
      }),
    );
  });

  it("a day of the simulated cave, with its fan going on and off, is good throughout", async () => {
    const clock = createFakeClock();
    const fanOn = () => Math.floor(clock.monotonic() / 1_800_000) % 2 === 0;
    const sensor = createSimulatedSensor({ seed: 3, speed: 1, clock, fanOn });
    let state = initialQuality(0);
    for (let reading = 0; reading < 8640; reading += 1) {
      const measured = await sensor.read(new AbortController().signal);
      const judged = judge(state, measured, LIMITS, clock.monotonic());
      assert.equal(judged.quality, "good", JSON.stringify(measured));
      state = judged.state;
      await clock.advance(10_000);
    }
  });
});
