import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlState } from "#agent/control/state.js";
import { fanFailure } from "#agent/fan/failure.js";
import { describeStatus, type StatusParts } from "#agent/health/status.js";
import { CONTROL, healthDocument } from "./support.js";

const NOW = Date.UTC(2026, 2, 1);

const HELD: ControlState = {
  ...CONTROL,
  reason: "override",
  wanted: true,
  overrideUntil: NOW + 60_000,
  held: { until: NOW + 20_000, cause: "minimum-off" },
};

function describe(control: Partial<ControlState>, changes: Partial<StatusParts> = {}) {
  return describeStatus({
    ...healthDocument(),
    now: NOW,
    uptime: 0,
    fan: { driver: "sysfs", detail: "GPIO17", line: "GPIO17", feedbackLine: null, fault: null },
    control: { ...HELD, ...control },
    ...changes,
  });
}

test("a wish that is held: what is wanted, until when it waits, and for what", () => {
  const { wanted, overrideUntil, heldUntil, heldBecause } = describe({}).fan;
  assert.deepEqual(
    { wanted, overrideUntil, heldUntil, heldBecause },
    {
      wanted: "on",
      overrideUntil: "2026-03-01T00:01:00.000Z",
      heldUntil: "2026-03-01T00:00:20.000Z",
      heldBecause: "minimum-off",
    },
  );
  const free = describe({ wanted: undefined, held: undefined }).fan;
  assert.deepEqual([free.wanted, free.heldUntil, free.heldBecause], [null, null, null]);
});

test("each fault with its code and remedy: the fan's own word first, then what became of its commands", () => {
  const fanFault = fanFailure("no answer", "wait");
  const { fault, code, remedy } = describe({ fan: "failed", fanFault }).fan;
  assert.deepEqual([fault, code, remedy], ["no answer", "FAN_FAILED", "wait"]);
  const own = {
    driver: "sysfs",
    detail: "GPIO17",
    line: "GPIO17",
    feedbackLine: null,
    fault: fanFailure("it stands", "turn it"),
  } as const;
  assert.equal(describe({ fan: "failed", fanFault }, { fan: own }).fan.fault, "it stands");
  const { sensor } = describe({ sensor: "failed", fault: fanFault });
  assert.deepEqual([sensor.fault, sensor.code, sensor.remedy], ["no answer", "FAN_FAILED", "wait"]);
});

test("a fan that hangs as it is taken over has failed, until it has not", () => {
  const notTaken = fanFailure("no answer within 10 s", "check the line");
  assert.equal(describe({ fan: "failed" }, { notTaken }).fan.fault, "no answer within 10 s");
  assert.equal(describe({ fan: "off" }, { notTaken }).fan.fault, null);
});
