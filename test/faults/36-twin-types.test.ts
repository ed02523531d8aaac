import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startRogueHub } from "./rogue-hub.ts";

/** JSON texts that are no temperature. */
const WRONG = [
  '"NaN"',
  '"Infinity"',
  '"1e309"',
  "1e309",
  "-1e309",
  "1e300",
  "true",
  '""',
  '" "',
  '"0x10"',
  '"11,5"',
  "[11]",
  '{"value":11}',
  "41",
];

interface Acknowledgement {
  value: unknown;
  ac: number;
  av: number;
  ad: string;
}

describe("fault 36: desired properties of the wrong type, NaN, 1e309", () => {
  it("keeps the old value, says why, and takes the good key beside it; at connect too", async (t) => {
    const rig = await startCloud(t);
    const twin = '{"$version":4,"targetTemperature":1e309,"targetHumidity":"NaN","temperatureBand":2}';
    const { agent, patch, reported, call } = await startRogueHub(t, rig, { twin });
    const acknowledged = (key: string, version: number) =>
      until(`${key} of version ${version}`, () =>
        reported.map((one) => one[key] as Acknowledgement | undefined).findLast((ack) => ack?.av === version),
      );
    for (const [key, value] of [
      ["targetTemperature", 12],
      ["targetHumidity", 90],
    ] as const) {
      const refused = await acknowledged(key, 4);
      assert.deepEqual([refused.value, refused.ac], [value, 400]);
      assert.match(refused.ad, new RegExp(`^${key}: .* is not allowed; give a number from`));
    }
    assert.deepEqual((await acknowledged("temperatureBand", 4)).value, 2);

    patch('{"$version":5,"targetTemperature":"11.5","fanMode":"on"}');
    assert.deepEqual((await acknowledged("targetTemperature", 5)).value, 11.5);
    for (const [index, wrong] of WRONG.entries()) {
      const version = index + 6;
      patch(
        `{"$version":${version},"targetTemperature":${wrong},"fanMode":${wrong},"humidityBand":${version}}`,
      );
      const refused = await acknowledged("targetTemperature", version);
      assert.deepEqual([refused.value, refused.ac], [11.5, 400], wrong);
      const mode = await acknowledged("fanMode", version);
      assert.deepEqual([mode.value, mode.ac], ["on", 400], wrong);
      assert.deepEqual((await acknowledged("humidityBand", version)).ac, 200, wrong);
    }
    const { payload } = await call("GetStatus", "null");
    const { settings, fan } = payload as { settings: Record<string, unknown>; fan: { state: string } };
    assert.equal(settings.targetTemperature, 11.5);
    assert.deepEqual([settings.fanMode, fan.state], ["on", "on"]);
    assert.equal((await agent.stop()).code, 0);
  });
});
