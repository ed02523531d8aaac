import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "../support/fake-clock.ts";
import { run, watchedFan } from "./fans.ts";
import { hasCode } from "./support.ts";

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
