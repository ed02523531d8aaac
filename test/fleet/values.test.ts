import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAssignments, parseCount, parseRemovals, parseRunTime, parseValue } from "#fleet/values.js";

const usage = (parts: string[]) => (error: Error) => {
  assert.equal("code" in error && error.code, "USAGE");
  for (const part of parts) assert.ok(error.message.includes(part), error.message);
  return true;
};

test("a value is JSON, or else a bare word", () => {
  assert.equal(parseValue("on"), "on");
  assert.equal(parseValue('"on"'), "on");
  assert.equal(parseValue("11"), 11);
  assert.equal(parseValue("11.5C"), "11.5C");
  assert.equal(parseValue("true"), true);
  assert.equal(parseValue("null"), null);
  assert.equal(parseValue(""), "");
  assert.deepEqual(parseValue('{"state": "on", "minutes": 10}'), { state: "on", minutes: 10 });
});

test("what starts like JSON and is none is refused", () => {
  for (const text of ["{", "{state: on}", "[1,", '"on']) assert.throws(() => parseValue(text), usage([text]));
});

test("assignments become a patch", () => {
  assert.deepEqual(parseAssignments(["targetTemperature=11", "fanMode=auto", "note=a=b", "x=null"]), {
    targetTemperature: 11,
    fanMode: "auto",
    note: "a=b",
    x: null,
  });
});

test("an assignment without a key, with a forbidden one or given twice is refused", () => {
  for (const word of ["targetTemperature", "=11", "a.b=1", "$version=3", "a b=1", "__proto__=1"]) {
    assert.throws(() => parseAssignments([word]), usage([]), word);
  }
  assert.throws(() => parseAssignments(["a=1", "a=2"]), usage(["a is set twice"]));
});

test("a removal is null, as merge patch has it", () => {
  assert.deepEqual(parseRemovals(["targetTemperature", "fanMode"]), {
    targetTemperature: null,
    fanMode: null,
  });
  assert.throws(() => parseRemovals(["$metadata"]), usage(["$metadata"]));
});

test("a count stays within its bounds and is written plainly", () => {
  const bounds = { minimum: 1, maximum: 1000 };
  assert.equal(parseCount("--caves", "1", bounds), 1);
  assert.equal(parseCount("--caves", "1000", bounds), 1000);
  for (const text of ["0", "1001", "abc", "", "3.5", "-1", "1e2", "0x10", " 3"]) {
    assert.throws(() => parseCount("--caves", text, bounds), usage(["--caves", JSON.stringify(text)]));
  }
});

test("a run time has a unit", () => {
  assert.equal(parseRunTime("--for", "30s"), 30);
  assert.equal(parseRunTime("--for", "5m"), 300);
  assert.equal(parseRunTime("--for", "24h"), 86_400);
  for (const text of ["5", "4s", "25h", "s", "", "1d", "-5s", "5 s"]) {
    assert.throws(() => parseRunTime("--for", text), usage(["--for", JSON.stringify(text)]));
  }
});

test("a number that JSON would send as null is refused: that would remove the property", () => {
  for (const text of ["1e999", "-1e999", '{"a": [1e999]}']) {
    assert.throws(() => parseValue(text), usage([text, "too large"]));
  }
});
