import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkSetting, isSettingKey, SETTING_RULES, type Settings } from "#agent/cave/settings.js";

const NUMBERS = [
  ["targetTemperature", -10, 40],
  ["targetHumidity", 0, 100],
  ["temperatureBand", 0.1, 20],
  ["humidityBand", 0.5, 50],
  ["telemetryInterval", 1, 86_400],
] as const satisfies [keyof Settings, number, number][];

describe("checkSetting", () => {
  for (const [key, minimum, maximum] of NUMBERS) {
    it(`${key} takes ${minimum} to ${maximum}, as number or as text`, () => {
      for (const value of [minimum, maximum]) {
        assert.deepEqual(checkSetting(key, value), { ok: true, value });
        assert.deepEqual(checkSetting(key, String(value)), { ok: true, value });
      }
      for (const value of [minimum - 0.01, maximum + 0.01, String(maximum + 1)]) {
        assert.equal(checkSetting(key, value).ok, false);
      }
    });
  }

  it("reads decimal text as a person would", () => {
    for (const [text, value] of [
      ["11.5", 11.5],
      [" 11.5 ", 11.5],
      ["+3", 3],
      ["-.5", -0.5],
      ["1e1", 10],
    ] as const) {
      assert.deepEqual(checkSetting("targetTemperature", text), { ok: true, value });
    }
  });

  it("refuses what is no number, with key, value and range", () => {
    const refused: [unknown, string][] = [
      [Number.NaN, "NaN"],
      [Infinity, "Infinity"],
      ["Infinity", '"Infinity"'],
      ["", '""'],
      ["  ", '"  "'],
      ["0x10", '"0x10"'],
      ["11,5", '"11,5"'],
      ["warm", '"warm"'],
      [[12], "a list"],
      [{ value: 12 }, "an object"],
      [true, "true"],
      [null, "null"],
    ];
    for (const [value, shown] of refused) {
      assert.deepEqual(checkSetting("targetTemperature", value), {
        ok: false,
        reason: `targetTemperature: ${shown} is not allowed; give a number from -10 to 40 °C`,
      });
    }
    const missing = checkSetting("targetTemperature", undefined);
    assert.ok(!missing.ok);
    assert.equal(missing.reason, "targetTemperature: is missing; give a number from -10 to 40 °C");
  });

  it("takes fanMode in any case, and no other word", () => {
    assert.deepEqual(checkSetting("fanMode", "AUTO"), { ok: true, value: "auto" });
    assert.deepEqual(checkSetting("fanMode", " On "), { ok: true, value: "on" });
    assert.deepEqual(checkSetting("fanMode", "failed"), {
      ok: false,
      reason: 'fanMode: "failed" is not allowed; give one of auto, on, off',
    });
    for (const value of [true, 1, ["on"], null]) assert.equal(checkSetting("fanMode", value).ok, false);
  });

  it("whatever comes, the result is in range or a short reason", () => {
    fc.assert(
      fc.property(fc.constantFrom(...NUMBERS), fc.anything(), ([key, minimum, maximum], value) => {
        const result = checkSetting(key, value);
        if (result.ok) assert.ok(result.value >= minimum && result.value <= maximum);
        else assert.ok(result.reason.length < 600 && result.reason.startsWith(`${key}: `));
      }),
    );
    const long = checkSetting("targetHumidity", "x".repeat(100_000));
    assert.ok(!long.ok && long.reason.length < 200);
  });
});

describe("isSettingKey", () => {
  it("knows the settings and nothing that objects inherit", () => {
    assert.deepEqual(Object.keys(SETTING_RULES).filter(isSettingKey), Object.keys(SETTING_RULES));
    for (const key of ["", "$version", "constructor", "__proto__", "toString", "targettemperature"]) {
      assert.equal(isSettingKey(key), false, key);
    }
  });
});
