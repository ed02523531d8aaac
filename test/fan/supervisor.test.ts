import assert from "node:assert/strict";
import { test } from "node:test";
import { isFailure } from "../support/hardware/fan-contract.ts";
import { build } from "./support.ts";

const WATCHED = { feedbackLine: { gpio: 27 } } as const;

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

test("an edge that was missed while it had failed is found at once by a command", async () => {
  const { fan, lines, clock, told } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  await clock.advance(7000);
  assert.equal(fan.state(), "failed");
  lines.feel(true, "silent");
  await fan.set(true);
  assert.equal(fan.state(), "on");
  assert.equal(told.at(-1), "recovered");
});

test("a tachometer is not read for what its level cannot tell", async () => {
  const { fan, lines, clock, told } = build({ ...WATCHED, feedbackKind: "tachometer" });
  lines.readAgain = 600_000;
  await fan.open();
  await fan.set(true);
  await clock.advance(500_000);
  assert.match(told.at(-1) ?? "", /the tachometer on GPIO27 has shown nothing/);
  assert.equal(lines.reads, 1);
  await clock.advance(200_000);
  assert.equal(lines.reads, 2, "it may have been lost");
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
  assert.deepEqual(told.slice(2), ["recovered"]);
});

test("a feedback that is lost is let go", async () => {
  const { fan, lines } = build(WATCHED);
  await fan.open();
  lines.loseInput();
  await Promise.resolve();
  assert.equal(lines.closed.input, 1);
});

test("a feedback that is lost while it is read stays lost, is told once, and is read anew by a command", async () => {
  const { fan, lines, clock, told, soon } = build(WATCHED);
  lines.onRead = () => lines.loseInput();
  await assert.rejects(fan.open(), isFailure(/^the feedback was lost$/));
  assert.deepEqual(told.slice(1), ["fault: the feedback was lost"]);
  delete lines.onRead;
  await fan.set(false);
  assert.deepEqual([fan.state(), ...told.slice(2)], ["off", "recovered"]);

  lines.onRead = () => lines.loseInput();
  await clock.advance(12_000);
  assert.equal(fan.state(), "failed");
  assert.equal(fan.describe().fault?.message, "the feedback was lost");
  await assert.rejects(fan.confirmed(soon()), isFailure(/^the feedback was lost$/));
  assert.deepEqual(told.slice(3), ["fault: the feedback was lost"]);
  delete lines.onRead;
  await fan.set(false);
  assert.deepEqual([fan.state(), lines.isWatched(), ...told.slice(4)], ["off", true, "recovered"]);
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
  const { fan, lines, clock, told, soon } = build(WATCHED);
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
  assert.equal(told.length, 1, "whoever commanded it knows");
});

test("a feedback that was lost, and back says that the fan does not run, has not recovered", async () => {
  const { fan, lines, clock, told } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  await clock.advance(7000);
  lines.loseInput();
  const before = told.length;
  await fan.set(true);
  await clock.advance(7000);
  assert.equal(fan.state(), "failed");
  assert.deepEqual(told.slice(before), []);
  lines.feel(true);
  await clock.advance(0);
  assert.deepEqual(told.slice(before), ["recovered"]);
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
  assert.equal(told.at(-1), "recovered");
});

test("the feedback is let go with the fan, and nobody waits for it any more", async () => {
  const { fan, lines, clock } = build(WATCHED);
  await fan.open();
  await fan.set(true);
  const { signal } = new AbortController();
  const confirmed = assert.rejects(fan.confirmed(signal), isFailure(/^the fan was released$/));
  await fan.release();
  assert.equal(lines.isWatched(), false);
  await clock.advance(60_000);
  assert.equal(clock.sleepers(), 0);
  await confirmed;
});
