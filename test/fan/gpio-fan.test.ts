import assert from "node:assert/strict";
import { test } from "node:test";
import { isFailure } from "../support/hardware/fan-contract.ts";
import { build } from "./support.ts";

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

test("without feedback a command is confirmed by the line", async () => {
  const { fan, soon } = build();
  await fan.open();
  await fan.set(true);
  await fan.confirmed(soon());
});
