import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#agent/hub/hub.js";
import { createTwinSettings, parseKeptSettings } from "#agent/hub/twin.js";
import { SETTINGS as defaults } from "../support/cave.js";

test("each key alone is set and acknowledged with the version that asked for it", () => {
  const twin = createTwinSettings(defaults);
  const outcome = twin.patch({ version: 4, properties: { targetTemperature: "11.5" } });
  assert.deepEqual(outcome?.acknowledgements, {
    targetTemperature: { value: 11.5, ac: 200, av: 4, ad: "applied" },
  });
  assert.deepEqual(twin.current(), { ...defaults, targetTemperature: 11.5 });
});

test("a bad key is refused with its reason and the value in force, and does not block a good one", () => {
  const twin = createTwinSettings(defaults);
  const outcome = twin.patch({ version: 2, properties: { targetTemperature: 900, fanMode: "On" } });
  const refused = outcome?.acknowledgements.targetTemperature as JsonObject;
  assert.deepEqual([refused.value, refused.ac, refused.av], [12, 400, 2]);
  assert.match(String(refused.ad), /targetTemperature.*900.*from -10 to 40/);
  assert.equal(twin.current().fanMode, "on");
});

test("null restores the default", () => {
  const twin = createTwinSettings(defaults);
  twin.patch({ version: 2, properties: { telemetryInterval: 5 } });
  const outcome = twin.patch({ version: 3, properties: { telemetryInterval: null } });
  assert.deepEqual(outcome?.acknowledgements.telemetryInterval, {
    value: 30,
    ac: 200,
    av: 3,
    ad: "default restored",
  });
  assert.equal(twin.current().telemetryInterval, 30);
});

test("a patch that is not newer than what is known is dropped", () => {
  const twin = createTwinSettings(defaults);
  twin.replace({ version: 7, properties: { targetTemperature: 10 } });
  assert.equal(twin.patch({ version: 7, properties: { targetTemperature: 14 } }), undefined);
  assert.equal(twin.patch({ version: 3, properties: { targetTemperature: 14 } }), undefined);
  assert.equal(twin.current().targetTemperature, 10);
});

test("the whole section read at connect restores what is no longer in it, also after the version went back", () => {
  const twin = createTwinSettings(defaults);
  twin.replace({ version: 9, properties: { targetTemperature: 10, fanMode: "on" } });
  twin.replace({ version: 2, properties: { fanMode: "on" } });
  assert.deepEqual(twin.current(), { ...defaults, fanMode: "on" });
  assert.ok(twin.patch({ version: 3, properties: { fanMode: "off" } }));
});

test("what is no setting is named, and changes nothing: __proto__ and constructor among them", () => {
  const twin = createTwinSettings(defaults);
  const properties = JSON.parse(
    '{"__proto__": {"fanMode": "off"}, "constructor": 1, "colour": "blue"}',
  ) as JsonObject;
  const outcome = twin.patch({ version: 2, properties });
  assert.deepEqual(outcome?.acknowledgements, {});
  assert.deepEqual(outcome?.unknown, ["__proto__", "constructor", "colour"]);
  assert.deepEqual(twin.current(), defaults);
});

test("what is kept hides no edit of the configuration, only what the twin holds", () => {
  const first = createTwinSettings(defaults);
  const kept = first.replace({ version: 1, properties: { fanMode: "on", humidityBand: 900 } }).held;
  const next = createTwinSettings(
    { ...defaults, targetTemperature: 8, fanMode: "off", humidityBand: 9 },
    parseKeptSettings(JSON.parse(JSON.stringify(kept))),
  );
  assert.deepEqual(next.current(), { ...defaults, targetTemperature: 8, fanMode: "on", humidityBand: 9 });
});

test("a setting that is gone from the twin, or null there, is kept no longer; a refused one is kept as it was", () => {
  const twin = createTwinSettings(defaults);
  twin.replace({ version: 1, properties: { fanMode: "on", humidityBand: 7, targetTemperature: 9 } });
  assert.deepEqual(twin.patch({ version: 2, properties: { fanMode: null } })?.held, {
    humidityBand: 7,
    targetTemperature: 9,
  });
  assert.deepEqual(twin.replace({ version: 3, properties: { humidityBand: 900 } }).held, { humidityBand: 7 });
});

test("a file of an earlier version, which held every setting, is still read", () => {
  const old = { ...defaults, targetTemperature: 9 };
  assert.deepEqual(createTwinSettings(defaults, parseKeptSettings(old)).current(), old);
});
