import assert from "node:assert/strict";
import { test } from "node:test";
import { createAbsentFan } from "#agent/fan/absent.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { run } from "./fans.ts";
import { hasCode, methodsOf } from "./support.ts";

test("a cave without a fan is measured, never switched, and has no fault for it", async () => {
  const clock = createFakeClock();
  const { control, faults, samples, end } = run(createAbsentFan("fan.line is empty"), clock, 30);
  await clock.advance(120_000);
  const { fan, reason, held, alerts } = control.state();
  assert.deepEqual([fan, reason, held, alerts.fan], ["off", "no-fan", undefined, false]);
  assert.equal(alerts.temperature, true);
  assert.deepEqual(faults, []);
  assert.ok(samples() > 2);
  await end();
});

test("a cave without a fan refuses SetFanState with the reason, but not the end of an override", async () => {
  const clock = createFakeClock();
  const { control, signal, end } = run(createAbsentFan("fan.line is empty"), clock, 30);
  await clock.advance(1000);
  await assert.rejects(control.override({ on: true, duration: 60_000 }, signal), hasCode("FAN_ABSENT"));
  assert.equal(control.state().overrideUntil, undefined);
  const { status, payload } = await methodsOf(control)("SetFanState", "on");
  const { result, code, remedy } = payload as Record<string, unknown>;
  assert.deepEqual([status, result, code], [400, "this cave has no fan: fan.line is empty", "FAN_ABSENT"]);
  // A line alone would be refused beside fan.driver = "none".
  assert.match(String(remedy), /fan\.line .* fan\.driver = "auto"/);
  assert.equal((await methodsOf(control)("SetFanState", "auto")).status, 200);
  await end();
});
