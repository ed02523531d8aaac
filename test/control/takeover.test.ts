import assert from "node:assert/strict";
import { test } from "node:test";
import { type GuardState, initialGuard } from "#agent/cave/guard.js";
import { LOOSE_LIMITS as LIMITS } from "../support/cave.ts";
import { build } from "./cave.ts";
import { toldFan } from "./fans.ts";

test("a fan that takes its time to be taken over is left alone, and the cave is measured meanwhile", async () => {
  let found: (guard: GuardState) => void = () => undefined;
  const taken = new Promise<GuardState>((resolve) => {
    found = resolve;
  });
  const { told, fan } = toldFan();
  const {
    clock,
    air,
    fan: real,
    samples,
    remembered,
    control,
    signal,
    end,
  } = build({ telemetryInterval: 5 }, LIMITS, {
    fan,
    takeFan: () => taken,
  });
  air.temperature = 14;
  const override = control.override({ on: false, duration: 7000 }, signal);
  await clock.advance(9000);
  assert.deepEqual(
    samples.map(({ sample }) => sample.monotonic),
    [1000, 6000],
  );
  await control.remember();
  assert.deepEqual([told, remembered, control.state().reason], [[], [], "starting"]);
  found(initialGuard(false, clock.monotonic()));
  await clock.advance(1);
  await override;
  assert.deepEqual(
    told,
    ["set true", "obeyed", "set false", "obeyed"],
    "first the air, then the person that waited",
  );
  assert.equal(remembered[0]?.guard.on, false);
  await clock.advance(8000);
  assert.equal(real.state(), "on");
  await end();
});

test("a fan that is taken over soon follows the first reading", async () => {
  const guard = initialGuard(false, 0);
  const { clock, air, fan, control, end } = build({}, LIMITS, { takeFan: async () => guard });
  air.temperature = 14;
  await clock.advance(1);
  assert.deepEqual([fan.state(), control.state().reason], ["on", "too-warm"]);
  await end();
});

for (const last of ["fan", "reading"] as const) {
  test(`it has begun once fan and first reading are there, also if the ${last} comes last`, async () => {
    const arrive: Record<"fan" | "reading", () => void> = { fan: () => undefined, reading: () => undefined };
    const arrives = (what: "fan" | "reading") =>
      new Promise<void>((resolve) => {
        arrive[what] = resolve;
      });
    const [fanComes, readingComes] = [arrives("fan"), arrives("reading")];
    const { clock, air, fan, control, signal, end } = build({}, LIMITS, {
      takeFan: async () => {
        await fanComes;
        return initialGuard(false, 0);
      },
      sensor: (sensor) => ({ ...sensor, read: (asked) => readingComes.then(() => sensor.read(asked)) }),
    });
    air.temperature = 14;
    let found: string | undefined;
    void control.begun(signal).then(() => {
      found = fan.state();
    });
    await clock.advance(2000);
    arrive[last === "fan" ? "reading" : "fan"]();
    await clock.advance(100);
    assert.equal(found, undefined);
    arrive[last]();
    await clock.advance(1);
    assert.equal(found, "on", "the reading was obeyed");
    await end();
  });
}

test("it has begun without a reading too, and whoever waits for that may leave", async () => {
  const { air, clock, control, end } = build();
  air.fault = "no answer";
  const leaving = new AbortController();
  const left = assert.rejects(control.begun(leaving.signal), { name: "AbortError" });
  leaving.abort();
  await left;
  await clock.advance(1);
  await control.begun(new AbortController().signal);
  await end();
});

test("a fan that was never taken over is released all the same, and taken no more", async () => {
  let found: (guard: GuardState) => void = () => undefined;
  const taken = new Promise<GuardState>((resolve) => {
    found = resolve;
  });
  const { told, fan } = toldFan();
  const { clock, air, remembered, control, end } = build({}, LIMITS, { fan, takeFan: () => taken });
  air.temperature = 14;
  await clock.advance(6000);
  await end();
  await control.release();
  found(initialGuard(false, clock.monotonic()));
  await clock.advance(60_000);
  assert.deepEqual([told, remembered], [["release"], []]);
});
