import assert from "node:assert/strict";
import { test } from "node:test";
import { describeReport } from "#agent/health/doctor/describe.js";

const sums = (warning: number) =>
  describeReport({
    at: "2026-01-01T00:00:00.000Z",
    agent: "0.1.0",
    checks: [{ id: "clock", title: "clock", result: "warning", detail: "it is 2001" }],
    counts: { ok: 5, warning, failed: 0, skipped: 1 },
  }).at(-1);

test("the sums agree in number", () => {
  assert.equal(sums(0), "5 ok, 0 warnings, 0 failed, 1 skipped");
  assert.equal(sums(1), "5 ok, 1 warning, 0 failed, 1 skipped");
  assert.equal(sums(2), "5 ok, 2 warnings, 0 failed, 1 skipped");
});
