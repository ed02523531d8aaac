import assert from "node:assert/strict";
import { test } from "node:test";
import { fanFailure } from "#agent/fan/failure.js";
import type { Fan } from "#agent/fan/fan.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import { LOOSE_LIMITS } from "../support/cave.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { build } from "./cave.ts";
import { run } from "./fans.ts";
import { hasCode } from "./support.ts";

const on = (duration: number) => ({ on: true, duration });
const off = (duration: number) => ({ on: false, duration });

/** The loop over a fan whose feedback speaks when the test has it speak: for the wishes in their order. */
async function withFeedback() {
  const waiting: { shown: () => void; refused: (error: Error) => void }[] = [];
  const fan = (real: Fan): Fan => ({
    ...real,
    confirmed: () =>
      new Promise((shown, refused) => {
        waiting.push({ shown, refused });
      }),
  });
  const cave = build({}, LOOSE_LIMITS, { fan });
  await cave.clock.advance(1000);
  const next = () => waiting.shift() ?? assert.fail("no wish waits for the feedback");
  return {
    ...cave,
    begin(wish: { on: boolean; duration: number }) {
      const answer = cave.control.override(wish, cave.signal);
      answer.catch(() => undefined);
      return answer;
    },
    show: () => next().shown(),
    refuse: () => next().refused(fanFailure("the feedback says off", "look at the fan")),
    written: () => cave.remembered.at(-1)?.controller.override,
  };
}

test("a wish that the fan refuses is not found by the next start, nor told as the fan's reason", async () => {
  const { clock, fan, control, remembered, signal, end } = build();
  await clock.advance(1000);
  const { reason } = control.state();
  fan.breakDown();
  await assert.rejects(control.override(on(14_400_000), signal), hasCode("FAN_FAILED"));
  assert.ok(remembered.some(({ controller }) => controller.override));
  assert.equal(remembered.at(-1)?.controller.override, undefined);
  assert.equal(control.state().reason, reason);
  await end();
});

test("a wish that the feedback refuses is not found by the next start, nor told as the fan's reason", async () => {
  const { clock, control, begin, refuse, written, end } = await withFeedback();
  const { reason } = control.state();
  const refused = begin(on(600_000));
  await clock.advance(0);
  assert.equal(written()?.on, true);
  refuse();
  await assert.rejects(refused, hasCode("FAN_FAILED"));
  assert.equal(written(), undefined);
  assert.equal(control.state().reason, reason);
  await end();
});

test("a wish that moves nothing is written down when it is answered", async () => {
  const { clock, control, remembered, signal, end } = build();
  await clock.advance(1000);
  for (const duration of [600_000, 3_600_000]) await control.override(on(duration), signal);
  assert.equal(remembered.at(-1)?.controller.override?.until, clock.monotonic() + 3_600_000);
  await control.override(undefined, signal);
  await control.override(off(600_000), signal);
  assert.equal(remembered.at(-1)?.controller.override?.until, clock.monotonic() + 600_000);
  await end();
});

test("an override that was ended before its feedback had shown it does not come back", async () => {
  const { clock, control, signal, begin, show, refuse, written, end } = await withFeedback();
  const first = begin(on(3_600_000));
  await clock.advance(0);
  await control.override(undefined, signal);
  show();
  await first;
  const second = begin(off(600_000));
  await clock.advance(0);
  refuse();
  await assert.rejects(second, hasCode("FAN_FAILED"));
  assert.deepEqual([control.state().overrideUntil, written()], [undefined, undefined]);
  await end();
});

test("whoever was overtaken is told how the fan is, not how it was wished", async () => {
  const { clock, begin, show, end } = await withFeedback();
  const overtaken = begin(on(3_600_000));
  await clock.advance(0);
  const last = begin(off(600_000));
  await clock.advance(0);
  const until = clock.now() + 600_000;
  show();
  show();
  for (const { fan, overrideUntil } of [await overtaken, await last]) {
    assert.deepEqual([fan, overrideUntil], ["off", until]);
  }
  await end();
});

test("what is held is told to whoever wishes it, not to whom it has overtaken", async () => {
  const guard = { minimumOn: 3_600_000, minimumOff: 0, switchesPerHour: 60 };
  const { clock, fan, control, signal, end } = build({}, { ...LOOSE_LIMITS, guard });
  await clock.advance(1000);
  await control.override(on(14_400_000), signal);
  const wishes = Array.from({ length: 10 }, (_, index) => (index % 2 ? on(14_400_000) : off(14_400_000)));
  const answers = await Promise.all(wishes.map((wish) => control.override(wish, signal)));
  for (const [index, { held, fan: told }] of answers.entries()) {
    assert.deepEqual([told, held?.cause], ["on", wishes[index]?.on ? undefined : "minimum-on"]);
  }
  assert.equal(fan.state(), "on");
  await end();
});

test("a refusal that comes late takes nothing from the wish that came after", async () => {
  const { clock, control, begin, show, refuse, written, end } = await withFeedback();
  const first = begin(on(3_600_000));
  await clock.advance(0);
  const second = begin(on(600_000));
  await clock.advance(0);
  const until = clock.now() + 600_000;
  refuse();
  await assert.rejects(first, hasCode("FAN_FAILED"));
  assert.equal(control.state().overrideUntil, until);
  show();
  await second;
  assert.equal(written()?.until, clock.monotonic() + 600_000);
  await end();
});

test("a disk that hangs holds the fan for a second, not longer", async () => {
  const clock = createFakeClock();
  const fan = createSimulatedFan({ safeState: "off" });
  const remember = () => new Promise<void>(() => undefined);
  const { control, signal, end } = run(fan, clock, 12, { remember });
  await clock.advance(0);
  const answer = control.override(on(600_000), signal);
  await clock.advance(1000);
  assert.equal(fan.state(), "on");
  await clock.advance(1000);
  assert.equal((await answer).fan, "on");
  await end();
});
