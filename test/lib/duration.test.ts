import assert from "node:assert/strict";
import { test } from "node:test";
import { durationText, parseDuration } from "#agent/lib/duration.js";

test("a unit, or a bare number of seconds, as in systemd.time", () => {
  const cases: [unknown, number][] = [
    ["250ms", 250],
    ["10s", 10_000],
    ["1.5 m", 90_000],
    ["4h", 14_400_000],
    ["1d", 86_400_000],
    ["7", 7000],
    [7, 7000],
    [0, 0],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, String(text));
});

test("anything else is no duration", () => {
  for (const value of ["", "s", "-1s", "1 year", "1e3s", -1, Number.NaN, Infinity, null, true, ["1s"]]) {
    assert.equal(parseDuration(value), undefined, String(value));
  }
});

test("its text is in the longest unit that takes a whole number", () => {
  const texts = ["0s", "0.5s", "10s", "90s", "10m", "4h", "7d", "3650d"];
  assert.deepEqual(
    texts.map((text) => durationText(parseDuration(text) ?? Number.NaN)),
    texts,
  );
  assert.equal(durationText(120_000), "2m");
});
