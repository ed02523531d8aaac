import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startRogueHub } from "./rogue-hub.ts";

const POISONS = [
  '"__proto__":{"fanMode":"on","targetTemperature":30,"polluted":true}',
  '"constructor":{"prototype":{"polluted":true},"fanMode":"on"}',
  '"prototype":{"polluted":true}',
  '"toString":1,"hasOwnProperty":2,"valueOf":{"__proto__":{"polluted":true}}',
];

describe("fault 37: __proto__ and constructor", () => {
  it("changes no setting by them, in the twin at connect and in patches, and takes the key beside", async (t) => {
    const rig = await startCloud(t);
    const twin = `{"$version":1,${POISONS.join(",")},"humidityBand":6}`;
    const { agent, patch, reported, call } = await startRogueHub(t, rig, { twin });
    const band = (version: number) =>
      until(`the acknowledgement of version ${version}`, () =>
        reported
          .map(({ humidityBand }) => humidityBand as { value: number; av: number } | undefined)
          .findLast((ack) => ack?.av === version),
      );
    assert.equal((await band(1)).value, 6);
    for (const [index, poison] of POISONS.entries()) {
      patch(`{"$version":${index + 2},${poison},"humidityBand":${index + 7}}`);
      assert.equal((await band(index + 2)).value, index + 7);
    }
    const status = async () => (await call("GetStatus", "null")).payload as Record<string, unknown>;
    const { settings, fan } = (await status()) as {
      settings: Record<string, unknown>;
      fan: Record<string, unknown>;
    };
    assert.deepEqual([settings.fanMode, settings.targetTemperature, settings.humidityBand], ["auto", 12, 10]);
    assert.ok(fan.reason !== "mode" && fan.reason !== "override", String(fan.reason));
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "polluted"];
    for (const patched of reported)
      for (const name of names) assert.ok(!Object.hasOwn(patched, name), `${name} was reported`);
    assert.doesNotMatch(JSON.stringify(await status()), /polluted/);
    assert.equal((await agent.stop()).code, 0);
  });

  it("refuses methods that carry them, and methods that are called so", async (t) => {
    const rig = await startCloud(t);
    const { agent, call } = await startRogueHub(t, rig);
    for (const payload of [
      '{"__proto__":{"state":"on"}}',
      '{"constructor":{"prototype":{"state":"on"}}}',
      '{"state":"on","__proto__":{"minutes":5}}',
      '{"level":"debug","__proto__":{"minutes":5}}',
      '{"level":"debug","constructor":{}}',
      '"__proto__"',
      '"constructor"',
    ]) {
      for (const method of ["SetFanState", "SetLogLevel"]) {
        assert.equal((await call(method, payload)).status, 400, `${method} ${payload}`);
      }
    }
    for (const method of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      assert.equal((await call(method, "null")).status, 404, method);
    }
    const { payload } = await call("GetStatus", "null");
    assert.notEqual((payload as { fan: { reason: string } }).fan.reason, "override");
    assert.equal((await agent.stop()).code, 0);
  });
});
