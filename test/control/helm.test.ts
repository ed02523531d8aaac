import assert from "node:assert/strict";
import { test } from "node:test";
import { isAborted, isAgentError, messageOf } from "#agent/errors.js";
import type { Fan } from "#agent/fan/fan.js";
import { LOOSE_LIMITS as LIMITS } from "../support/cave.ts";
import { build } from "./cave.ts";
import { toldFan } from "./fans.ts";

test("warm air switches the fan on, cool air off again, and each change is told once", async () => {
  const { clock, air, fan, changes, end } = build();
  await clock.advance(1000);
  air.temperature = 14;
  await clock.advance(20_000);
  assert.equal(fan.state(), "on");
  air.temperature = 11.9;
  await clock.advance(20_000);
  await end();
  assert.equal(fan.state(), "off");
  assert.deepEqual(
    changes.map(({ fan, reason }) => `${fan} ${reason}`),
    ["off in-band", "on too-warm", "off in-band"],
  );
});

test("what is remembered is written before the fan moves", async () => {
  const { clock, air, fan, remembered, end } = build();
  await clock.advance(1000);
  const before = remembered.length;
  air.temperature = 14;
  await clock.advance(5000);
  await end();
  assert.equal(fan.state(), "on");
  assert.equal(remembered.length, before + 1);
  assert.equal(remembered.at(-1)?.guard.on, true);
});

test("before a command is given again the switch is written down as of now", async () => {
  const { clock, air, fan, remembered, end } = build();
  fan.breakDown();
  air.temperature = 14;
  await clock.advance(70_000);
  const [first, again] = remembered.map(({ guard }) => guard);
  assert.ok(first && again);
  assert.ok(again.since - first.since >= 60_000, `${again.since - first.since} ms later`);
  assert.equal(again.switches.length, first.switches.length);
  await end();
});

test("a fan that hangs is failed and alerted, is commanded once, and the loop goes on", async () => {
  let commands = 0;
  const fan = (real: Fan): Fan => ({
    ...real,
    set() {
      commands += 1;
      return new Promise(() => undefined);
    },
  });
  const { clock, air, faults, samples, control, signal, end } = build({}, LIMITS, { fan });
  air.temperature = 14;
  await clock.advance(600_000);
  const { fan: state, alerts } = control.state();
  assert.deepEqual([state, alerts.fan, samples.at(-1)?.sample.alerts.fan], ["failed", true, true]);
  assert.deepEqual([commands, faults.length], [1, 1]);
  assert.match(control.state().fanFault?.message ?? "", /no answer within 10 s/);
  assert.ok(samples.length >= 19, `${samples.length} samples in ten minutes`);
  await assert.rejects(
    control.override({ on: false, duration: 60_000 }, signal),
    (error) => isAgentError(error) && error.code === "FAN_FAILED",
  );
  assert.equal(commands, 1);
  await end();
});

test("after its release the fan is commanded by nothing and nobody", async () => {
  const { told, fan } = toldFan();
  const { clock, air, remembered, settings, control, signal, end } = build({}, LIMITS, { fan });
  air.temperature = 14;
  await clock.advance(6000);
  await end();
  await control.release();
  assert.deepEqual(told, ["set true", "obeyed", "release"]);
  const last = remembered.at(-1);
  assert.equal(last?.guard.on, false);
  settings.fanMode = "on";
  control.reconsider();
  await assert.rejects(
    control.override({ on: true, duration: 60_000 }, new AbortController().signal),
    /released/,
  );
  await assert.rejects(control.override(undefined, signal), isAborted);
  await clock.advance(120_000);
  assert.equal(told.length, 3);
  await control.remember();
  assert.deepEqual(remembered.at(-1)?.guard, last?.guard);
});

test("the release lets a command that is under way end, and goes before those that wait", async () => {
  const { told, fan, slowBy } = toldFan();
  const { clock, control, signal, end } = build({}, LIMITS, { fan });
  slowBy(clock);
  await clock.advance(1000);
  const overrides = [true, false, true].map((on) =>
    control.override({ on, duration: 60_000 }, signal).then(
      ({ fan: state }) => state,
      (error: unknown) => messageOf(error),
    ),
  );
  const released = control.release();
  await clock.advance(20_000);
  await released;
  assert.deepEqual(told, ["set true", "obeyed", "release"]);
  const [first, ...others] = await Promise.all(overrides);
  assert.equal(first, "on");
  for (const other of others) assert.match(String(other), /released/);
  await end();
});

test("a release without an end is given up after 10 s, and what is known is remembered", async () => {
  const fan = (real: Fan): Fan => ({ ...real, release: () => new Promise(() => undefined) });
  const { clock, control, end } = build({}, LIMITS, { fan });
  await clock.advance(1000);
  await end();
  const refused = assert.rejects(control.release(), /no answer within 10 s/);
  await clock.advance(10_000);
  await refused;
});
