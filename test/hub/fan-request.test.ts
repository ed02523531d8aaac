import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFanRequest } from "#agent/hub/fan-request.js";
import type { JsonValue } from "#agent/hub/hub.js";

test("on, off and auto in any case, quoted or not, or with minutes", () => {
  assert.deepEqual(parseFanRequest("on"), { state: "on", duration: undefined });
  assert.deepEqual(parseFanRequest(" OFF "), { state: "off", duration: undefined });
  assert.deepEqual(parseFanRequest('"Auto"'), { state: "auto", duration: undefined });
  assert.deepEqual(parseFanRequest({ state: "on", minutes: 1.5 }), { state: "on", duration: 90_000 });
  assert.deepEqual(parseFanRequest({ state: "off" }), { state: "off", duration: undefined });
});

test("anything else is refused with field, value and what is allowed, the state failed above all", () => {
  const states = 'give "on", "off", "auto"';
  const minutes = "give above 0, at most 10080";
  const shapes = 'give "on", "off", "auto" or {"state", "minutes"}';
  const bad: [unknown, string][] = [
    ["failed", `state: "failed" is not allowed; ${states}`],
    ["", `state: "" is not allowed; ${states}`],
    ["1", `state: "1" is not allowed; ${states}`],
    ["x".repeat(100), `state: "${"x".repeat(60)}…" is not allowed; ${states}`],
    [1, `1 is not allowed; ${shapes}`],
    [true, `true is not allowed; ${shapes}`],
    [null, `null is not allowed; ${shapes}`],
    [[], `a list is not allowed; ${shapes}`],
    [["on"], `a list is not allowed; ${shapes}`],
    [{}, `state: is missing; ${states}`],
    [{ minutes: 5 }, `state: is missing; ${states}`],
    [{ state: { state: "on" } }, `state: an object is not allowed; ${states}`],
    [{ state: "on", minutes: 0 }, `minutes: 0 is not allowed; ${minutes}`],
    [{ state: "on", minutes: -5 }, `minutes: -5 is not allowed; ${minutes}`],
    [{ state: "on", minutes: "5" }, `minutes: "5" is not allowed; ${minutes}`],
    [{ state: "on", minutes: Number.POSITIVE_INFINITY }, `minutes: Infinity is not allowed; ${minutes}`],
    [{ state: "on", minutes: 10_081 }, `minutes: 10081 is not allowed; ${minutes}`],
    [{ state: "auto", minutes: 5 }, "minutes: 5 is not allowed with auto; leave it out"],
    [{ state: '"auto"', minutes: 5 }, "minutes: 5 is not allowed with auto; leave it out"],
    [{ state: "on", hours: 1 }, `"hours" is not known; ${shapes}`],
  ];
  for (const [payload, reason] of bad) {
    const refusal = parseFanRequest(payload as JsonValue);
    assert.ok("reason" in refusal, JSON.stringify(payload));
    assert.equal(refusal.reason, reason);
  }
});

test("a key that it does not know is told apart, cut short", () => {
  const long = "colour".repeat(100);
  const refusal = parseFanRequest({ state: "on", [long]: "red" });
  assert.deepEqual("unknown" in refusal && refusal.unknown, long.slice(0, 60));
});
