import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentError } from "#agent/errors.js";
import { planRetry, type RetryLimits } from "#agent/hub/retry.js";

const limits: RetryLimits = {
  network: { floor: 500, base: 1000, cap: 60_000 },
  service: { floor: 5000, base: 10_000, cap: 300_000 },
  disabled: 900_000,
};
const failure = (code: string, retryAfter?: number) =>
  new AgentError(code, {
    code,
    retryable: true,
    remedy: "",
    ...(retryAfter !== undefined && { retryAfter }),
  });
const plan = (code: string, failures: number, assignedAnew = false, random = () => 1) =>
  planRetry(failure(code), { failures, assignedAnew }, limits, random);

test("a hub that itself refuses sends the device to the DPS at once, but only once for each assignment", () => {
  assert.equal(plan("HUB_REFUSED", 1).askDps, true);
  assert.equal(plan("HUB_REFUSED", 1, true).askDps, false);
  assert.equal(plan("HUB_REFUSED", 10, true).askDps, true);
});

test("a network that is down does not, nor a 5xx, before the tenth failure in a row", () => {
  for (const code of ["HUB_UNREACHABLE", "HUB_LOST", "HUB_UNAVAILABLE", "HUB_TIMEOUT", "HUB_UNTRUSTED"]) {
    const asked = Array.from({ length: 10 }, (_, index) => plan(code, index + 1).askDps);
    assert.deepEqual(asked, [...Array(9).fill(false), true], code);
  }
});

test("the loss of a sound connection is no failure, and is tried again soon", () => {
  assert.deepEqual(plan("HUB_LOST", 0), { state: "backing-off", wait: 1000, askDps: false });
});

test("what a service has said waits 5 s or more; a network failure is tried again sooner; both grow to their cap", () => {
  assert.equal(plan("DPS_UNAUTHORIZED", 1, false, () => 0).wait, 5000);
  assert.equal(plan("HUB_UNAVAILABLE", 1).wait, 10_000);
  assert.equal(plan("HUB_UNREACHABLE", 1).wait, 1000);
  assert.equal(plan("HUB_UNREACHABLE", 9).wait, 60_000);
  assert.equal(plan("DPS_FAILED", 99).wait, 300_000);
});

test("retry-after is honoured, with jitter on top", () => {
  const asked = (random: () => number) =>
    planRetry(failure("DPS_THROTTLED", 30_000), { failures: 1, assignedAnew: false }, limits, random).wait;
  assert.equal(
    asked(() => 0),
    30_000,
  );
  assert.equal(
    asked(() => 1),
    40_000,
  );
});

test("a service that asks for little, again and again, is waited for longer and longer all the same", () => {
  const wait = (failures: number) =>
    planRetry(failure("DPS_THROTTLED", 2000), { failures, assignedAnew: false }, limits, () => 0.999).wait;
  assert.ok(wait(1) >= 5000, `${wait(1)} ms`);
  assert.ok(wait(30) > 299_000, `${wait(30)} ms`);
  const least = planRetry(
    failure("DPS_THROTTLED", 2000),
    { failures: 1, assignedAnew: false },
    limits,
    () => 0,
  );
  assert.equal(least.wait, 5000);
});

test("a disabled registration and a clock behind are states of their own", () => {
  assert.deepEqual(
    plan("DPS_DISABLED", 1, false, () => 0),
    { state: "disabled", wait: 900_000, askDps: true },
  );
  assert.equal(plan("CLOCK_BEHIND", 1).state, "waiting-for-clock");
});
