import assert from "node:assert/strict";
import { test } from "node:test";
import { initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { createControl } from "#agent/control.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import { createMethods, type MethodParts } from "#agent/hub/methods.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { LOOSE_LIMITS, SETTINGS } from "../support/cave.js";
import { createFakeClock } from "../support/fake-clock.js";

/** The real control loop over a simulated fan that can be broken. */
function build(minimumOff = 0) {
  const clock = createFakeClock();
  const fan = createSimulatedFan({ safeState: "off" });
  const now = clock.monotonic();
  const control = createControl({
    sensor: createSimulatedSensor({ seed: 1, speed: 1, clock, fanOn: () => fan.state() === "on" }),
    fan,
    clock,
    readEvery: 5000,
    limits: { ...LOOSE_LIMITS, guard: { ...LOOSE_LIMITS.guard, minimumOff } },
    response: { responseAfter: 1_800_000, temperatureDrop: 0.3, humidityDrop: 1 },
    settings: () => SETTINGS,
    initial: initialSteering(initialGuard(false, now), now),
    remember: async () => undefined,
    onSample: () => undefined,
    onTick: () => undefined,
    onSensorFault: () => undefined,
    onFanFault: () => undefined,
  });
  const stopping = new AbortController();
  const parts: MethodParts = {
    control,
    status: () => assert.fail("not asked for"),
    overrideFor: 600_000,
    diagnose: async () => ({ checks: [] }),
    setLogLevel: () => "info",
    reprovision: () => undefined,
    restart: () => undefined,
    stopping: stopping.signal,
  };
  return { fan, stopping, call: createMethods(parts) };
}

test("a fan that does not obey: 400 Fan failed, and no override is left", async () => {
  const { fan, call } = build();
  fan.breakDown();
  const { status, payload: refusal } = await call("SetFanState", "on");
  const { result, code, remedy } = refusal as Record<string, string>;
  assert.deepEqual([status, result, code], [400, "Fan failed", "FAN_FAILED"]);
  assert.ok(remedy);
  fan.repair();
  const { payload } = await call("SetFanState", "auto");
  assert.equal((payload as { overrideUntil: unknown }).overrideUntil, null);
});

test("what the guard holds is accepted, not executed; what could never act is refused", async () => {
  const { fan, call } = build(60_000);
  const held = await call("SetFanState", "on");
  assert.equal(held.status, 202);
  const { result, fanState, heldBecause } = held.payload as Record<string, unknown>;
  assert.deepEqual(
    [result, fanState, heldBecause],
    ["Accepted direct method: SetFanState", "off", "minimum-off"],
  );
  assert.equal(fan.state(), "off");
  const never = await call("SetFanState", { state: "on", minutes: 0.5 });
  assert.equal(never.status, 400);
  assert.match(JSON.stringify(never.payload), /must stay as it is until/);
});

test("commands beyond those that may wait for the fan are refused with 503", async () => {
  const { call } = build();
  const answers = await Promise.all(Array.from({ length: 30 }, () => call("SetFanState", "on")));
  const refused = answers.filter(({ status }) => status === 503);
  assert.ok(refused.length > 0 && refused.length < 30, `${refused.length} refused`);
  assert.match(JSON.stringify(refused[0]?.payload), /commands wait for the fan already/);
});

test("while stopping every method is refused with 503", async () => {
  const { stopping, call } = build();
  stopping.abort();
  for (const method of ["SetFanState", "GetStatus", "ReadSensor", "Restart"]) {
    assert.equal((await call(method, "on")).status, 503, method);
  }
});

test("an unknown method is answered 404 with those that are known", async () => {
  const { call } = build();
  const { status, payload } = await call("toString", null);
  assert.equal(status, 404);
  assert.match(JSON.stringify(payload), /SetFanState, GetStatus, ReadSensor, Diagnose/);
});
