import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFanRequest, unknownKeyIn } from "#agent/hub/fan-request.js";

test("on, off and auto in any case, quoted or not, or with minutes", () => {
  assert.deepEqual(parseFanRequest("on"), { state: "on", duration: undefined });
  assert.deepEqual(parseFanRequest(" OFF "), { state: "off", duration: undefined });
  assert.deepEqual(parseFanRequest('"Auto"'), { state: "auto", duration: undefined });
  assert.deepEqual(parseFanRequest({ state: "on", minutes: 1.5 }), { state: "on", duration: 90_000 });
  assert.deepEqual(parseFanRequest({ state: "off" }), { state: "off", duration: undefined });
});

test("anything else is refused, the state failed above all", () => {
  const bad = [
    "failed",
    "",
    "1",
    1,
    true,
    null,
    [],
    ["on"],
    {},
    { state: "on", minutes: 0 },
    { state: "on", minutes: -5 },
    { state: "on", minutes: "5" },
    { state: "on", minutes: Number.POSITIVE_INFINITY },
    { state: "on", minutes: 10_081 },
    { state: "on", hours: 1 },
    { state: "auto", minutes: 5 },
    { state: '"auto"', minutes: 5 },
    { state: { state: "on" } },
  ];
  for (const payload of bad) assert.equal(parseFanRequest(payload), undefined, JSON.stringify(payload));
});

test("a key that it does not know is found, to be named", () => {
  assert.equal(unknownKeyIn({ state: "on", colour: "red" }), "colour");
  for (const sound of [{ state: "on", minutes: 3 }, "on", null, ["colour"]]) {
    assert.equal(unknownKeyIn(sound), undefined);
  }
});
