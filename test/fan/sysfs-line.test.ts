import assert from "node:assert/strict";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { checkEvents, exportLine, unexportLine, untilUsable } from "#agent/fan/sysfs-export.js";
import { configureLine } from "#agent/fan/sysfs-files.js";
import { lookAtLine, numberLine } from "#agent/fan/sysfs-line.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../support/cleanup.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { makePipe } from "../support/pipe.js";
import { until } from "../support/until.js";
import { BASE, NUMBER, createSysfsFolder as setUp } from "./sysfs-folder.js";

const FILES = ["direction", "active_low", "value"];
const REQUEST = { line: { gpio: 17 }, key: "fan.line", activeLow: false };

test("a line is looked at without being exported", async (t) => {
  const { folder } = await setUp(t);
  assert.deepEqual(await lookAtLine(REQUEST, folder), {
    where: `GPIO17 is line 17 (number ${NUMBER}) of gpiochip${BASE} [pinctrl-bcm2711] with 58 lines`,
    direction: undefined,
    on: undefined,
    consumer: undefined,
  });
});

test("an exported line is on by its level and the configured wiring, whatever its own setting is", async (t) => {
  const { folder, set } = await setUp(t);
  for (const [value, itsOwn, activeLow, on] of [
    ["1", "0", false, true],
    ["0", "0", false, false],
    ["1", "0", true, false],
    ["0", "1", false, true],
    ["1", "1", true, true],
    ["0", "1", true, false],
  ] as const) {
    set({ direction: "out", value, active_low: itsOwn });
    const facts = await lookAtLine({ ...REQUEST, activeLow }, folder);
    assert.equal(facts.on, on, `${value} ${itsOwn} ${activeLow}`);
    assert.equal(facts.direction, "output");
    assert.equal(facts.consumer, "sysfs");
    assert.deepEqual(facts.users?.found, []);
  }
});

test("of a line that is in use the direction is not asked for: its edges tell an input", async (t) => {
  if (process.platform !== "linux") return t.skip("only Linux has a /proc");
  const { folder, set } = await setUp(t);
  set({ direction: "asked for", value: "1", active_low: "0" });
  const value = openSync(join(folder, `gpio${NUMBER}/value`), "r");
  defer(t, () => closeSync(value));
  const user = new RegExp(`^process ${process.pid} \\(.+\\)$`);
  for (const [edge, direction] of [
    [undefined, "output"],
    ["none", "output"],
    ["both", "input"],
  ] as const) {
    if (edge) set({ edge });
    const facts = await lookAtLine(REQUEST, folder);
    assert.deepEqual([facts.direction, facts.on], [direction, true]);
    assert.match(String(facts.consumer), user);
    assert.match(String(facts.users?.found), user);
  }
});

test("a line whose chip hangs holds one of libuv's four threads", async (t) => {
  const { folder, set } = await setUp(t);
  set({ active_low: "0" });
  const place = (file: string) => join(folder, `gpio${NUMBER}`, file);
  const others = ["one", "two"].map((file) => join(folder, file));
  const pipes = [place("value"), place("direction"), ...others].map((file) => makePipe(t, file));
  if (pipes.includes(undefined)) return;
  void lookAtLine(REQUEST, folder);
  for (const file of others) readFile(file).catch(() => undefined);
  // Only a pipe that somebody reads can be opened so. Who reads it waits for its end.
  const writer = await until("the chip is asked", () => openToWrite(place("value")));
  defer(t, () => closeSync(writer));
  const late = delay(20_000, "no thread is left", { ref: false });
  assert.equal(await Promise.race([readFile(place("active_low"), "utf8"), late]), "0\n");
});

function openToWrite(pipe: string): number | undefined {
  try {
    return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

test("a line that was exported and is high stays so, also where a high output is called an input", async (t) => {
  const { folder, set } = await setUp(t);
  for (const [direction, value, activeLow, wasExported, to, becomes] of [
    ["in", "1", false, true, "low", "high"],
    ["in", "0", true, true, "low", "high"],
    ["in", "0", false, true, "low", "low"],
    ["in", "1", true, true, "low", "low"],
    ["in", "0", false, true, "high", "high"],
    ["in", "1", false, false, "low", "low"],
    ["out", "1", false, true, "low", "out"],
    ["out", "0", false, true, "high", "out"],
    ["out", "1", false, true, "in", "in"],
  ] as const) {
    set({ direction, value, active_low: activeLow ? "1" : "0" });
    const line = await numberLine(REQUEST, folder);
    await configureLine(line, folder, { activeLow, wasExported, to, clock: systemClock });
    const now = readFileSync(join(folder, `gpio${NUMBER}/direction`), "utf8").trim();
    assert.equal(now, becomes, `${direction} ${value} ${activeLow} ${wasExported} ${to}`);
  }
});

test("an export is the line's number, and waits for udev to give the files away", async (t) => {
  const { folder, set } = await setUp(t);
  const line = await numberLine(REQUEST, folder);
  assert.equal(await exportLine(line, folder), true);
  assert.equal(readFileSync(join(folder, "export"), "utf8"), `${NUMBER}`);
  set({ direction: "in", value: "0" });
  let isDone = false;
  const usable = untilUsable(line, FILES, folder, systemClock).then(() => {
    isDone = true;
  });
  await delay(50);
  assert.equal(isDone, false, "active_low is not there yet");
  set({ active_low: "0" });
  await usable;
});

test("what is exported already was not exported here; an unexport is the line's number, and is not missed", async (t) => {
  const { folder, set } = await setUp(t);
  set({ direction: "in" });
  const line = await numberLine(REQUEST, folder);
  assert.equal(await exportLine(line, folder), false);
  assert.equal(existsSync(join(folder, "export")), false);
  await unexportLine(line, folder);
  assert.equal(readFileSync(join(folder, "unexport"), "utf8"), `${NUMBER}`);
  rmSync(folder, { recursive: true });
  await unexportLine(line, folder);
});

test("a chip without interrupts shows no edge: it gives no events, and the group is not blamed", async (t) => {
  const { folder, set } = await setUp(t);
  set({ direction: "in", active_low: "0", value: "0" });
  const line = await numberLine(REQUEST, folder);
  const look = () => checkEvents(line, "fan.feedbackLine", folder);
  await assert.rejects(
    look(),
    isFailure(/^GPIO17 is .*; it gives no events$/, /set fan\.feedbackLine to a line that has interrupts/),
  );
  set({ edge: "none" });
  await look();
});

test("files that never come are a matter of the group", async (t) => {
  const { folder, set } = await setUp(t);
  set({ direction: "in", value: "0" });
  const line = await numberLine(REQUEST, folder);
  await assert.rejects(
    untilUsable(line, FILES, folder, systemClock),
    isFailure(/its files may not be used: ENOENT.*active_low/, /group gpio/),
  );
});

test("an export that the kernel refuses is told", async (t) => {
  const { folder } = await setUp(t);
  const line = await numberLine(REQUEST, folder);
  mkdirSync(join(folder, "export"));
  await assert.rejects(
    exportLine(line, folder),
    isFailure(/^GPIO17 is line 17 \(number \d+\) .*; it cannot be exported: EISDIR/, /another line/),
  );
});

test("an export that this user may not make is told", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root may write everywhere");
  const { folder } = await setUp(t);
  const line = await numberLine(REQUEST, folder);
  writeFileSync(join(folder, "export"), "");
  chmodSync(join(folder, "export"), 0o400);
  await assert.rejects(exportLine(line, folder), isFailure(/this user may not export it/, /group gpio/));
});
