import assert from "node:assert/strict";
import { test } from "node:test";
import { initialGuard } from "#agent/cave/guard.js";
import { initialSteering } from "#agent/cave/steer.js";
import { type Control, type ControlOptions, createControl } from "#agent/control.js";
import { isAgentError } from "#agent/errors.js";
import { createAbsentFan } from "#agent/fan/absent.js";
import type { Fan } from "#agent/fan/fan.js";
import { createGpioFan } from "#agent/fan/gpio-fan.js";
import { createMethods } from "#agent/hub/methods.js";
import { LOOSE_LIMITS, SETTINGS } from "./support/cave.js";
import { createFakeClock, type FakeClock } from "./support/fake-clock.js";
import { createFakeLines } from "./support/hardware/fake-lines.js";

/** The control loop over air that stays as it is. */
function run(fan: Fan, clock: FakeClock, temperature: number, options: Partial<ControlOptions> = {}) {
  const faults: string[] = [];
  let samples = 0;
  const control = createControl({
    sensor: {
      read: async () => ({ temperature, humidity: 90, source: "sht31" }),
      describe: () => ({ source: "sht31" }),
      close: async () => undefined,
    },
    fan,
    clock,
    readEvery: 5000,
    limits: LOOSE_LIMITS,
    response: { responseAfter: 1_800_000, temperatureDrop: 0.3, humidityDrop: 1 },
    settings: () => SETTINGS,
    initial: initialSteering(initialGuard(false, clock.monotonic() - 3_600_000), clock.monotonic()),
    remember: async () => undefined,
    onSample: () => {
      samples += 1;
    },
    onTick: () => undefined,
    onSensorFault: () => undefined,
    onFanFault: (error) => faults.push(String(error)),
    ...options,
  });
  const stop = new AbortController();
  const ended = control.run(stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
  };
  return { control, faults, samples: () => samples, signal: stop.signal, end };
}

function methodsOf(control: Control) {
  return createMethods({
    control,
    status: () => assert.fail("not asked for"),
    overrideFor: 600_000,
    diagnose: async () => ({}),
    setLogLevel: () => "info",
    reprovision: () => undefined,
    restart: () => undefined,
    stopping: new AbortController().signal,
  });
}

const hasCode = (code: string) => (error: unknown) => isAgentError(error) && error.code === code;

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
  assert.deepEqual(await methodsOf(control)("SetFanState", "on"), {
    status: 400,
    payload: { result: "this cave has no fan: fan.line is empty" },
  });
  assert.equal((await methodsOf(control)("SetFanState", "auto")).status, 200);
  await end();
});

function watchedFan(clock: FakeClock) {
  const lines = createFakeLines();
  const fan = createGpioFan({
    config: {
      driver: "auto",
      line: { gpio: 17 },
      activeLow: false,
      safeState: "off",
      feedbackLine: { gpio: 27 },
      feedbackKind: "contact",
      feedbackActiveLow: false,
      feedbackPull: "as-is",
      feedbackWithin: 20_000,
    },
    choose: async () => ({ name: "sysfs", why: "it is there", driver: lines.driver }),
    clock,
    onTaken: () => undefined,
    onFault: () => undefined,
    onRecovered: () => undefined,
  });
  return { lines, fan };
}

test("an override is done when the feedback has shown it, and the loop reads on meanwhile", async () => {
  const clock = createFakeClock();
  const { lines, fan } = watchedFan(clock);
  await fan.open();
  const { control, samples, signal, end } = run(fan, clock, 12);
  await clock.advance(1000);
  let isDone = false;
  const done = control.override({ on: true, duration: 600_000 }, signal).then(() => {
    isDone = true;
  });
  await clock.advance(15_000);
  assert.equal(isDone, false);
  assert.ok(samples() >= 2, `${samples()} samples`);
  lines.feel(true);
  await clock.advance(1000);
  await done;
  assert.equal(control.state().fan, "on");
  await end();
});

test("an override that the feedback contradicts is refused, and leaves none behind", async () => {
  const clock = createFakeClock();
  const { fan } = watchedFan(clock);
  await fan.open();
  const { control, signal, end } = run(fan, clock, 12);
  await clock.advance(1000);
  const refused = assert.rejects(
    control.override({ on: true, duration: 600_000 }, signal),
    hasCode("FAN_FAILED"),
  );
  await clock.advance(25_000);
  await refused;
  assert.equal(control.state().overrideUntil, undefined);
  await clock.advance(70_000);
  assert.equal(control.state().fan, "off", "the fan follows the air again");
  await end();
});

test("of several overrides that the feedback contradicts none is left, but the one before them is", async () => {
  const clock = createFakeClock();
  const { fan } = watchedFan(clock);
  await fan.open();
  const { control, signal, end } = run(fan, clock, 12);
  await clock.advance(1000);
  await control.override({ on: false, duration: 3_600_000 }, signal);
  const until = control.state().overrideUntil;
  const both = [600_000, 900_000].map((duration) => control.override({ on: true, duration }, signal));
  const refused = Promise.all(both.map((each) => assert.rejects(each, hasCode("FAN_FAILED"))));
  await clock.advance(25_000);
  await refused;
  assert.equal(control.state().overrideUntil, until);
  await end();
});

test("a fan that obeys and is lost again is not switched at the pace of the readings", async () => {
  const clock = createFakeClock();
  const { lines, fan } = watchedFan(clock);
  lines.feel(true);
  await fan.open();
  const { end } = run(fan, clock, 30);
  await clock.advance(1000);
  assert.equal(fan.state(), "on");
  const opens = () => lines.opens.filter((each) => each === "output").length;
  const before = opens();
  for (let second = 0; second < 300; second += 5) {
    lines.lose();
    await clock.advance(5000);
  }
  assert.ok(opens() - before <= 6, `${opens() - before} times in five minutes`);
  assert.ok(opens() - before >= 4, "but it is tried");
  await end();
});

test("a fan that had failed, and shows after a while that it obeys, is told as it is then", async () => {
  const clock = createFakeClock();
  const { lines, fan } = watchedFan(clock);
  await fan.open();
  const { control, signal, end } = run(fan, clock, 12);
  await clock.advance(1000);
  const wish = { on: true, duration: 600_000 };
  const refused = assert.rejects(control.override(wish, signal), hasCode("FAN_FAILED"));
  await clock.advance(25_000);
  await refused;
  const done = control.override(wish, signal);
  await clock.advance(2000);
  assert.equal(control.state().fan, "failed");
  lines.feel(true);
  await clock.advance(2000);
  assert.equal((await done).fan, "on");
  await end();
});

/** A fan whose line cannot be had yet, taken over as an agent does it, with minimum times of a minute. */
function runUnreached(temperature: number) {
  const clock = createFakeClock();
  const { lines, fan } = watchedFan(clock);
  lines.broken.open = "there is no /sys/class/gpio";
  const takeFan = async () => {
    await fan.open().catch(() => undefined);
    return initialGuard(undefined, clock.monotonic());
  };
  const guard = { minimumOn: 60_000, minimumOff: 60_000, switchesPerHour: 30 };
  const cave = run(fan, clock, temperature, { takeFan, limits: { ...LOOSE_LIMITS, guard } });
  return { clock, lines, ...cave };
}

for (const [when, time] of [
  ["right after the start", 1000],
  ["while it is retried in vain", 190_000],
] as const) {
  test(`a fan that cannot be reached refuses SetFanState with cause and remedy, ${when}`, async () => {
    const { clock, control, end } = runUnreached(30);
    await clock.advance(time);
    for (const wish of ["on", "off"]) {
      assert.deepEqual(
        await methodsOf(control)("SetFanState", wish),
        {
          status: 400,
          payload: {
            result: "Fan failed",
            code: "FAN_FAILED",
            cause: "there is no /sys/class/gpio",
            remedy: "mend it",
          },
        },
        wish,
      );
    }
    assert.equal(control.state().overrideUntil, undefined);
    await end();
  });
}

test("a fan that can be reached by the time of a wish is taken then, and its minimum times hold from there", async () => {
  const { clock, lines, control, signal, end } = runUnreached(30);
  await clock.advance(1000);
  lines.broken = {};
  const { held } = await control.override({ on: true, duration: 600_000 }, signal);
  assert.equal(held?.cause, "minimum-off");
  assert.equal(held?.until, clock.now() + 60_000);
  lines.feel(true);
  await clock.advance(70_000);
  assert.deepEqual(lines.levels.at(-1), true);
  await end();
});

/** A fan whose line hangs as it is opened, until it is let go, with minimum times of ten minutes. */
function runHanging() {
  const clock = createFakeClock();
  const { lines, fan: real } = watchedFan(clock);
  let letGo: () => void = () => undefined;
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let opens = 0;
  const fan: Fan = {
    ...real,
    async open() {
      opens += 1;
      await free;
      await real.open();
    },
  };
  const guard = { minimumOn: 600_000, minimumOff: 600_000, switchesPerHour: 30 };
  const takeFan = async () => initialGuard(undefined, clock.monotonic());
  const settings = () => ({ ...SETTINGS, telemetryInterval: 5 });
  const cave = run(fan, clock, 12, { takeFan, settings, limits: { ...LOOSE_LIMITS, guard } });
  return { clock, lines, letGo, opens: () => opens, ...cave };
}

test("a line that hangs as it is opened is asked for once, by however many wishes, and the loop reads on", async () => {
  const { clock, opens, control, samples, signal, end } = runHanging();
  await clock.advance(1000);
  const before = samples();
  const outcomes: { asked: number; took: number; code: string }[] = [];
  for (let time = 0; time < 60_000; time += 333) {
    const asked = clock.monotonic();
    control.override({ on: true, duration: 3_600_000 }, signal).catch((error: unknown) => {
      const code = isAgentError(error) ? error.code : String(error);
      outcomes.push({ asked, took: clock.monotonic() - asked, code });
    });
    await clock.advance(333);
  }
  assert.ok(samples() - before >= 11, `${samples() - before} samples in a minute`);
  assert.equal(opens(), 1);
  assert.ok(outcomes.length > 170, `${outcomes.length} refused`);
  assert.ok(outcomes.every(({ code }) => code === "FAN_FAILED"));
  assert.ok(
    outcomes.every(({ asked, took }) => (asked > 11_000 ? took === 0 : took <= 10_000)),
    "at once while the attempt is overdue",
  );
  assert.equal(control.state().overrideUntil, undefined);
  const releasedAt = clock.monotonic();
  await control.release();
  assert.equal(clock.monotonic(), releasedAt);
  await end();
});

test("a wish that waits for such a line ends with its caller; a line that comes late is used", async () => {
  const { clock, lines, letGo, opens, control, signal, end } = runHanging();
  await clock.advance(1000);
  const caller = new AbortController();
  const wish = { on: true, duration: 3_600_000 };
  const left = assert.rejects(control.override(wish, caller.signal), { name: "AbortError" });
  const overdue = assert.rejects(control.override(wish, signal), /no answer within 10 s/);
  await clock.advance(2000);
  caller.abort();
  await left;
  await clock.advance(9000);
  await overdue;
  letGo();
  await clock.advance(1000);
  const reachedAt = clock.monotonic() - 1000;
  const { held } = await control.override(wish, signal);
  assert.deepEqual(held, {
    until: clock.now() - clock.monotonic() + reachedAt + 600_000,
    cause: "minimum-off",
  });
  assert.deepEqual([opens(), lines.opens.filter((each) => each === "output").length], [1, 1]);
  await end();
});

test("the release ends a wish that waits for a line", async () => {
  const { clock, control, signal, end } = runHanging();
  await clock.advance(1000);
  const refused = assert.rejects(control.override({ on: true, duration: 3_600_000 }, signal), /was released/);
  await clock.advance(1000);
  await control.release();
  await refused;
  await end();
});
