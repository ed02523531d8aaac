import assert from "node:assert/strict";
import { test } from "node:test";
import { isAgentError } from "#agent/errors.js";
import type { Fan } from "#agent/fan/fan.js";
import type { Sensor } from "#agent/sensor/sensor.js";
import { LOOSE_LIMITS as LIMITS } from "../support/cave.ts";
import { build } from "./cave.ts";

test("an override works at once, also without a sensor, and ends by itself", async () => {
  const { clock, air, fan, control, end, signal } = build();
  await clock.advance(1000);
  air.fault = "NACK";
  await control.override({ on: true, duration: 30_000 }, signal);
  assert.equal(fan.state(), "on");
  assert.equal(control.state().overrideUntil, clock.now() + 30_000);
  air.fault = "";
  await clock.advance(36_000);
  assert.equal(fan.state(), "off");
  assert.equal(control.state().overrideUntil, undefined);
  await end();
});

test("auto ends an override at once", async () => {
  const { clock, fan, control, end, signal } = build();
  await clock.advance(1000);
  await control.override({ on: true, duration: 30_000 }, signal);
  await control.override(undefined, signal);
  assert.equal(fan.state(), "off");
  assert.equal(control.state().reason, "in-band");
  await end();
});

test("the guard holds a person's wish too, says until when, and the fan then follows", async () => {
  const guard = { minimumOn: 0, minimumOff: 20_000, switchesPerHour: 60 };
  const { clock, fan, control, end, signal } = build({}, { ...LIMITS, guard });
  await clock.advance(1000);
  await control.override({ on: true, duration: 3_600_000 }, signal);
  await control.override({ on: false, duration: 3_600_000 }, signal);
  await control.override({ on: true, duration: 3_600_000 }, signal);
  assert.equal(fan.state(), "off");
  assert.deepEqual(control.state().held, { until: clock.now() + 20_000, cause: "minimum-off" });
  assert.equal(control.state().wanted, true);
  await assert.rejects(
    control.override({ on: true, duration: 5000 }, signal),
    /must stay as it is until .*minimum-off/,
  );
  await clock.advance(25_000);
  assert.equal(fan.state(), "on");
  await end();
});

test("a fan that does not obey rejects the override, leaves none behind, and raises the fan alert", async () => {
  const { clock, fan, samples, control, end, signal } = build();
  await clock.advance(1000);
  fan.breakDown();
  await assert.rejects(
    control.override({ on: true, duration: 30_000 }, signal),
    (error) => isAgentError(error) && error.code === "FAN_FAILED",
  );
  assert.equal(control.state().overrideUntil, undefined);
  await clock.advance(5000);
  assert.equal(samples.at(-1)?.sample.alerts.fan, true);
  fan.repair();
  await clock.advance(65_000);
  await end();
  assert.equal(fan.state(), "off", "it is tried again, with care");
});

test("a person's on does not wait for the reading that is under way", async () => {
  const sensor = (real: Sensor): Sensor => ({ ...real, read: () => new Promise(() => undefined) });
  const { clock, fan, control, signal, end } = build({}, LIMITS, { sensor });
  await control.override({ on: true, duration: 60_000 }, signal);
  assert.deepEqual([fan.state(), clock.monotonic()], ["on", 0]);
  await end();
});

test("commands that a slow fan keeps waiting are bounded, and a tick goes before them", async () => {
  const fan = (real: Fan): Fan => ({
    ...real,
    async set(on) {
      await clock.sleep(4000);
      await real.set(on);
    },
  });
  const { clock, samples, control, signal, end } = build({ telemetryInterval: 5 }, LIMITS, { fan });
  await clock.advance(4000);
  const outcomes = Array.from({ length: 50 }, (_, index) =>
    control.override({ on: index % 2 === 0, duration: 3_600_000 }, signal).then(
      () => "done",
      (error: unknown) => (isAgentError(error) ? error.code : String(error)),
    ),
  );
  await clock.advance(8500);
  assert.deepEqual(
    samples.map(({ sample }) => sample.monotonic),
    [0, 5000, 10_000],
  );
  await clock.advance(120_000);
  const codes = await Promise.all(outcomes);
  const refused = codes.filter((code) => code === "CONTROL_BUSY").length;
  assert.ok(refused >= 30 && refused < 50, `${refused} refused`);
  assert.equal(codes.filter((code) => code === "done").length, 50 - refused);
  await end();
});
