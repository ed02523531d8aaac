import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startRogueHub } from "./rogue-hub.ts";

describe("fault 38: a stale $version", () => {
  it("ignores patches that are older than what is known, or the same again, in whatever order they come", async (t) => {
    const rig = await startCloud(t);
    const twin = '{"$version":10,"targetTemperature":11}';
    const { agent, patch, reported, call } = await startRogueHub(t, rig, { twin });
    const settings = async () =>
      ((await call("GetStatus", "null")).payload as { settings: Record<string, unknown> }).settings;
    patch('{"$version":9,"targetTemperature":30}');
    patch('{"$version":10,"targetTemperature":31}');
    assert.equal((await settings()).targetTemperature, 11);
    patch('{"$version":12,"targetTemperature":9,"humidityBand":8}');
    patch('{"$version":11,"targetTemperature":32,"temperatureBand":3}');
    patch('{"$version":12,"targetTemperature":33}');
    patch('{"$version":-1,"targetTemperature":34}');
    patch('{"targetTemperature":35}');
    const { targetTemperature, humidityBand, temperatureBand } = await settings();
    assert.deepEqual([targetTemperature, humidityBand, temperatureBand], [9, 8, 1]);
    patch('{"$version":13,"targetTemperature":10}');
    await until("the newer one", async () => (await settings()).targetTemperature === 10);
    const versions = await until("its acknowledgement", () => {
      const said = reported.map(({ targetTemperature: ack }) => (ack as { av?: number } | undefined)?.av);
      return said.includes(13) && said.filter((av) => av !== undefined);
    });
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
    assert.ok(versions.every((version) => [10, 12, 13].includes(version)));
    assert.equal((await agent.stop()).code, 0);
  });
});
