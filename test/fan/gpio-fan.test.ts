import assert from "node:assert/strict";
import { test } from "node:test";
import type { FanConfig } from "#agent/fan/config.js";
import { fanFailure } from "#agent/fan/failure.js";
import { createGpioFan } from "#agent/fan/gpio-fan.js";
import { createFakeClock } from "../support/fake-clock.js";
import { createFakeLines } from "../support/hardware/fake-lines.js";
import { isFailure } from "../support/hardware/fan-contract.js";

const CONFIG = {
  driver: "auto",
  line: { gpio: 17 },
  activeLow: false,
  safeState: "off",
  feedbackLine: undefined,
  feedbackKind: "contact",
  feedbackActiveLow: false,
  feedbackPull: "as-is",
  feedbackWithin: 5000,
} as const satisfies FanConfig;

const WATCHED = { feedbackLine: { gpio: 27 } } as const;

function build(changes: Partial<FanConfig> = {}, found?: boolean) {
  const clock = createFakeClock();
  const lines = createFakeLines(found);
  const told: string[] = [];
  let isThere = true;
  const fan = createGpioFan({
    config: { ...CONFIG, ...changes, line: CONFIG.line },
    async choose() {
      if (!isThere) throw fanFailure("there is no GPIO", "buy some");
      return { name: "sysfs", why: "it is there", driver: lines.driver };
    },
    clock,
    onTaken: ({ driver, detail }) => told.push(`${driver}: ${detail}`),
    onFault: ({ message }) => told.push(`fault: ${message}`),
    onRecovered: () => told.push("recovered"),
  });
  const plug = (there: boolean) => {
    isThere = there;
  };
  const soon = () => AbortSignal.timeout(10_000);
  return { clock, lines, told, fan, plug, soon };
}

test("nothing is known, and nothing touched, before it is opened", async () => {
  const { fan, lines } = build();
  assert.equal(fan.state(), "failed");
  assert.deepEqual(lines.opens, []);
  assert.deepEqual(fan.describe(), {
    driver: null,
    detail: "the line has not been taken yet",
    line: "GPIO17",
    feedbackLine: null,
    fault: null,
  });
  await fan.release();
  assert.deepEqual(lines.levels, [], "what was never taken is not switched at the end either");
});

test("a running fan is taken over as it runs, whatever its safe state is", async () => {
  for (const safeState of ["on", "off", "hold"] as const) {
    for (const found of [true, false]) {
      const { fan, lines } = build({ safeState }, found);
      await fan.open();
      assert.equal(fan.state(), found ? "on" : "off");
      assert.deepEqual(lines.levels, [], "no glitch");
    }
  }
});

test("a line that nobody drives is taken in the safe state; hold is off", async () => {
  for (const [safeState, state] of [
    ["on", "on"],
    ["off", "off"],
    ["hold", "off"],
  ] as const) {
    const { fan, lines } = build({ safeState });
    await fan.open();
    assert.equal(fan.state(), state);
    assert.deepEqual(lines.levels, [state === "on"]);
  }
});

test("it is left in its safe state, with its line let go, and takes no commands then", async () => {
  for (const [safeState, levels] of [
    ["on", [false, true]],
    ["off", [false, true, false]],
    ["hold", [false, true]],
  ] as const) {
    const { fan, lines } = build({ safeState }, undefined);
    if (safeState === "on") {
      await fan.open();
      await fan.set(false);
      lines.levels.splice(0, 1);
    } else {
      await fan.open();
      await fan.set(true);
    }
    await fan.release();
    await fan.release();
    assert.deepEqual(lines.levels, levels, safeState);
    assert.equal(lines.isOpen(), false);
    await assert.rejects(fan.set(true), isFailure(/was released/));
  }
});

test("where there is no GPIO it has failed with the reason, and the first command after it has come works", async () => {
  const { fan, plug, told } = build();
  plug(false);
  await assert.rejects(fan.open(), isFailure(/^there is no GPIO$/, /buy some/));
  await assert.rejects(fan.set(true), isFailure(/^there is no GPIO$/));
  assert.equal(fan.state(), "failed");
  const { driver, fault } = fan.describe();
  assert.deepEqual([driver, fault?.message], [null, "there is no GPIO"]);
  assert.deepEqual(told, []);
  plug(true);
  await fan.set(true);
  assert.equal(fan.state(), "on");
  assert.deepEqual(told, ["sysfs: GPIO17; it is there"]);
});

test("what does not obey is failed, is opened anew at the next command, and told once where it is", async () => {
  const { fan, lines, told } = build();
  await fan.open();
  lines.broken.set = "EIO";
  await assert.rejects(fan.set(true), isFailure(/^EIO$/));
  assert.equal(fan.state(), "failed");
  assert.equal(fan.describe().fault?.message, "EIO");
  assert.equal(lines.isOpen(), false);
  delete lines.broken.set;
  await fan.set(true);
  assert.equal(fan.state(), "on");
  assert.deepEqual(lines.opens, ["output", "output", "output"], "each try but the first takes it anew");
  assert.deepEqual(told, ["sysfs: GPIO17; it is there"]);
});

test("a line that was spoilt since it was taken is taken anew by the command, once", async () => {
  const { fan, lines } = build();
  await fan.open();
  lines.broken.set = "EPERM";
  lines.onOpen = () => delete lines.broken.set;
  await fan.set(true);
  assert.equal(fan.state(), "on");
  assert.deepEqual([lines.opens.length, lines.levels], [2, [false, true]]);
  lines.lose();
  lines.broken.open = "ENOENT";
  await assert.rejects(fan.set(false), isFailure(/^ENOENT$/));
  assert.equal(lines.opens.length, 3, "what could not be taken is not tried twice");
});

test("a line that is lost is told at once, and taken back by the next command", async () => {
  const { fan, lines, told } = build({}, true);
  await fan.open();
  lines.lose();
  assert.equal(fan.state(), "failed");
  assert.deepEqual(told.slice(1), ["fault: the line was lost"]);
  await fan.set(true);
  assert.equal(fan.state(), "on");
});

test("a line that is lost before the end is put in its safe state all the same", async () => {
  const { fan, lines } = build({}, true);
  await fan.open();
  lines.lose();
  await fan.release();
  assert.equal(fan.state(), "off");
  assert.deepEqual(lines.levels, [false]);
  assert.equal(lines.isOpen(), false);
});

test("a line that fails once at the end is taken anew, and put in its safe state", async () => {
  const { fan, lines } = build({}, true);
  await fan.open();
  lines.broken.set = "ENODEV";
  lines.onOpen = () => delete lines.broken.set;
  await fan.release();
  assert.deepEqual(lines.levels, [false]);
  assert.equal(fan.state(), "off");
  assert.equal(lines.isOpen(), false);
});

test("one that does not get to its safe state says so, and tries again when it is asked again", async () => {
  const { fan, lines } = build({}, true);
  await fan.open();
  lines.broken.set = "EIO";
  await assert.rejects(fan.release(), isFailure(/^EIO$/));
  assert.deepEqual(lines.opens, ["output", "output"], "a second try, and no third");
  assert.equal(fan.state(), "failed");
  await assert.rejects(fan.set(true), isFailure(/was released/));
  delete lines.broken.set;
  await fan.release();
  assert.deepEqual(lines.levels, [false]);
  await fan.release();
  assert.equal(lines.isOpen(), false);
});

test("commands come one after the other", async () => {
  const { fan, lines } = build();
  await Promise.all([fan.open(), fan.set(true), fan.set(false), fan.set(true)]);
  assert.deepEqual(lines.levels, [false, true, false, true]);
  assert.deepEqual(lines.opens, ["output"]);
});

test("with a contact a command is confirmed as soon as it closes", async () => {
  const { fan, lines, clock, told, soon } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  assert.equal(fan.state(), "on", "until the contrary is known");
  let isConfirmed = false;
  const confirmed = fan.confirmed(soon()).then(() => {
    isConfirmed = true;
  });
  await clock.advance(4000);
  assert.equal(isConfirmed, false);
  lines.feel(true);
  await clock.advance(0);
  await confirmed;
  assert.equal(told.length, 1);
});

test("on and nothing turns: failed when the time is over, told once, on again when it turns", async () => {
  const { fan, lines, clock, told, soon } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  const confirmed = assert.rejects(
    fan.confirmed(soon()),
    isFailure(
      /^the fan was switched on, and the contact on GPIO27 has shown nothing of it for 5 s$/,
      /relay/,
    ),
  );
  await clock.advance(4900);
  assert.equal(fan.state(), "on");
  await clock.advance(1200);
  await confirmed;
  assert.equal(fan.state(), "failed");
  await clock.advance(60_000);
  assert.equal(told.filter((each) => each.startsWith("fault")).length, 1);
  assert.deepEqual(lines.levels, [false, true], "the line stays as it was commanded");
  lines.feel(true);
  await clock.advance(0);
  assert.equal(fan.state(), "on");
  assert.equal(told.at(-1), "recovered");
  assert.equal(fan.describe().fault, null);
});

test("off and it turns on: a welded relay has failed too", async () => {
  const { fan, lines, clock, told } = build({ ...WATCHED, feedbackWithin: 2000 }, true);
  lines.feel(true);
  await fan.open();
  await fan.set(false);
  await clock.advance(3000);
  assert.equal(fan.state(), "failed");
  assert.match(told.at(-1) ?? "", /switched off, and the contact on GPIO27 has shown for 2 s that it runs/);
  await fan.set(true);
  assert.equal(fan.state(), "on", "now command and contact agree");
});

test("an edge that was missed is found before the fan is called failed", async () => {
  const { fan, lines, clock, told } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  lines.feel(true, "silent");
  await clock.advance(10_000);
  assert.equal(fan.state(), "on");
  assert.deepEqual(told.length, 1);
});

test("an edge that was missed while it had failed is found too", async () => {
  const { fan, lines, clock } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  await clock.advance(10_000);
  assert.equal(fan.state(), "failed");
  lines.feel(true, "silent");
  await clock.advance(12_000);
  assert.equal(fan.state(), "on");
});

test("a contact that opened or closed unnoticed is found though it agreed before", async () => {
  for (const on of [true, false]) {
    const { fan, lines, clock, told } = build(WATCHED, !on);
    lines.feel(!on);
    await fan.open();
    await fan.set(on);
    lines.feel(on);
    await clock.advance(60_000);
    assert.equal(fan.state(), on ? "on" : "off");
    lines.feel(!on, "silent");
    await clock.advance(18_000);
    assert.equal(fan.state(), "failed");
    assert.match(told.at(-1) ?? "", /^fault: the fan was switched/);
    lines.feel(on, "silent");
    await clock.advance(13_000);
    assert.equal(fan.state(), on ? "on" : "off");
  }
});

test("a feedback that can no longer be read has failed without a command", async () => {
  const { fan, lines, clock, told } = build(WATCHED);
  await fan.open();
  lines.broken.read = "the feedback's line is gone";
  await clock.advance(12_000);
  assert.equal(fan.state(), "failed");
  await clock.advance(60_000);
  assert.deepEqual(told.slice(1), ["fault: the feedback's line is gone"]);
  assert.equal(lines.isWatched(), false);
  delete lines.broken.read;
  await fan.set(false);
  assert.equal(fan.state(), "off");
});

test("a feedback that is lost is let go", async () => {
  const { fan, lines } = build(WATCHED);
  await fan.open();
  lines.loseInput();
  await Promise.resolve();
  assert.equal(lines.closed.input, 1);
});

test("a contact that opens later has the time again, then it is failed", async () => {
  const { fan, lines, clock } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  lines.feel(true);
  await clock.advance(600_000);
  lines.feel(false);
  await clock.advance(3000);
  assert.equal(fan.state(), "on");
  await clock.advance(4000);
  assert.equal(fan.state(), "failed");
});

test("a feedback that cannot be read: the fan is switched, but has failed, until it can", async () => {
  const { fan, lines, clock, soon } = build(WATCHED);
  lines.broken.input = "the feedback's line is taken";
  await assert.rejects(fan.open(), isFailure(/feedback's line is taken/));
  await assert.rejects(fan.set(true), isFailure(/feedback's line is taken/));
  assert.deepEqual(lines.levels, [false, true]);
  assert.equal(fan.state(), "failed");
  await assert.rejects(fan.confirmed(soon()), isFailure(/feedback's line is taken/));
  delete lines.broken.input;
  lines.feel(true);
  await fan.set(true);
  await clock.advance(0);
  assert.equal(fan.state(), "on");
});

test("a feedback that is lost is told, and read again at the next command", async () => {
  const { fan, lines, told } = build(WATCHED);
  await fan.open();
  lines.loseInput();
  assert.equal(fan.state(), "failed");
  assert.equal(told.at(-1), "fault: the feedback was lost");
  lines.feel(true);
  await fan.set(true);
  assert.equal(fan.state(), "on");
});

test("the feedback is let go with the fan, and nobody waits for it any more", async () => {
  const { fan, lines, clock } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  const stop = new AbortController();
  const confirmed = assert.rejects(fan.confirmed(stop.signal), { name: "AbortError" });
  await fan.release();
  assert.equal(lines.isWatched(), false);
  await clock.advance(60_000);
  assert.equal(clock.sleepers(), 0);
  stop.abort();
  await confirmed;
});

test("without feedback a command is confirmed by the line", async () => {
  const { fan, soon } = build();
  await fan.open();
  await fan.set(true);
  await fan.confirmed(soon());
});
