import assert from "node:assert/strict";
import { test } from "node:test";
import { initialGuard } from "#agent/cave/guard.js";
import { createReaching } from "#agent/control/reaching.js";
import { isAgentError } from "#agent/errors.js";
import type { Fan } from "#agent/fan/fan.js";
import { LOOSE_LIMITS, SETTINGS } from "../support/cave.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { isFailure } from "../support/hardware/fan-contract.ts";
import { run, watchedFan } from "./fans.ts";
import { methodsOf } from "./support.ts";

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

/** A line whose attempts end when the test lets them. */
function reachAlone() {
  const clock = createFakeClock();
  const attempts: { succeed: () => void; fail: (error: Error) => void }[] = [];
  const stop = new AbortController();
  let reached = 0;
  const reach = createReaching(
    { open: () => new Promise((succeed, fail) => void attempts.push({ succeed, fail })) },
    clock,
    () => {
      reached += 1;
    },
    stop.signal,
  );
  const { signal } = new AbortController();
  return { clock, attempts, stop, reach: () => reach(signal), reached: () => reached };
}

test("all who ask wait for one attempt, and who asks after it has failed begins the next", async () => {
  const { attempts, reach, reached } = reachAlone();
  const both = [reach(), reach()].map((asked) => assert.rejects(asked, /it is taken/));
  attempts[0]?.fail(new Error("it is taken"));
  await Promise.all(both);
  assert.deepEqual([attempts.length, reached()], [1, 0]);
  const next = reach();
  attempts[1]?.succeed();
  await next;
  assert.deepEqual([attempts.length, reached()], [2, 1]);
});

test("one that hangs is given up after 10 s, and no other begun until it has ended after all", async () => {
  const { clock, attempts, reach, reached } = reachAlone();
  const first = assert.rejects(reach(), isFailure(/the fan's line/));
  await clock.advance(11_000);
  await first;
  await assert.rejects(reach(), isFailure(/the fan's line/));
  assert.equal(attempts.length, 1);
  attempts[0]?.succeed();
  await clock.advance(0);
  assert.equal(reached(), 1, "late, but it has");
  const next = reach();
  attempts[1]?.succeed();
  await next;
  assert.equal(attempts.length, 2);
});

test("the stop ends the attempt for all who wait, and nobody begins another", async () => {
  const { clock, attempts, stop, reach } = reachAlone();
  const asked = assert.rejects(reach(), /it ends/);
  stop.abort(new Error("it ends"));
  await asked;
  await assert.rejects(reach(), /it ends/);
  attempts[0]?.succeed();
  await clock.advance(0);
  await assert.rejects(reach(), /it ends/);
  assert.equal(attempts.length, 1);
});
