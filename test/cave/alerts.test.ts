import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { assess } from "#agent/cave/alerts.js";
import { DEFAULTS, noAir } from "./support.ts";

describe("assess", () => {
  it("counts the edges of the band as inside", () => {
    for (const [temperature, humidity, outside] of [
      [12, 90, [false, false]],
      [13, 95, [false, false]],
      [11, 85, [false, false]],
      [13.01, 90, [true, false]],
      [10.99, 90, [true, false]],
      [12, 95.01, [false, true]],
      [12, 84.99, [false, true]],
    ] as const) {
      const alerts = assess({ temperature, humidity }, DEFAULTS, "on");
      assert.deepEqual(
        [alerts.fan, alerts.temperature, alerts.humidity],
        [false, ...outside],
        `${temperature} °C ${humidity} %RH`,
      );
    }
  });

  it("sets the fan alert for a failed fan only", () => {
    const inBand = { temperature: 12, humidity: 90 };
    assert.equal(assess(inBand, DEFAULTS, "failed").fan, true);
    assert.equal(assess(inBand, DEFAULTS, "on").fan, false);
    assert.equal(assess(inBand, DEFAULTS, "off").fan, false);
  });

  it("claims nothing about air that was not validly measured", () => {
    fc.assert(
      fc.property(noAir, (reading) => {
        assert.deepEqual(assess(reading, DEFAULTS, "failed"), {
          fan: true,
          temperature: false,
          humidity: false,
        });
      }),
    );
  });
});
