import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../support/cleanup.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { createSysfsFolder, NUMBER } from "./sysfs-folder.js";

const LINE = { line: { gpio: 17 }, key: "fan.line", activeLow: false } as const;
const unheard = () => assert.fail("nothing is lost");

const OUTPUT = { ...LINE, initial: false };

/** GPIO17 is exported, and the character device tells so. A write to `unexport` does nothing. */
async function setUp(t: TestContext) {
  const sysfs = await createSysfsFolder(t);
  const gpiod = await createFakeGpiod(t);
  const tools = createGpiod({ path: gpiod.path });
  gpiod.exportAs(17, sysfs.line);
  return { ...sysfs, driver: createChardev(systemClock, tools, async () => false, sysfs.folder) };
}

test("an exported line that somebody has open is his, and he is named", async (t) => {
  if (process.platform !== "linux") return t.skip("only Linux has a /proc");
  const { line, set, driver } = await setUp(t);
  set({ direction: "out", value: "1", active_low: "0" });
  const value = openSync(join(line, "value"), "r");
  defer(t, () => closeSync(value));
  const name = `process ${process.pid} \\(.+\\)`;
  const refused = isFailure(new RegExp(`GPIO17 .*; ${name} has it$`), new RegExp(`^stop ${name}, or use`));
  await assert.rejects(driver.openOutput(OUTPUT, unheard), refused);
  await assert.rejects(driver.openInput({ ...LINE, pull: "up" }, unheard, unheard), refused);
  const { consumer, users } = await driver.look(LINE);
  assert.match(String(consumer), new RegExp(`^${name}$`));
  assert.equal(users, undefined, "it is not everybody's to use");
});

test("an exported line that nobody has open is looked at where it is exported", async (t) => {
  const { set, driver } = await setUp(t);
  set({ direction: "out", value: "1", active_low: "0" });
  const { where, direction, on, consumer, users } = await driver.look(LINE);
  assert.match(where, /^GPIO17 is line 17 of gpiochip0 /);
  assert.deepEqual([direction, on, consumer, users?.found], ["output", true, "sysfs", []]);
});

test("an unexport that is refused is told with the command that does it", async (t) => {
  const { folder, set, get, driver } = await setUp(t);
  set({ direction: "out", value: "1", active_low: "0" });
  mkdirSync(join(folder, "unexport"));
  await assert.rejects(
    driver.openOutput(OUTPUT, unheard),
    isFailure(
      /GPIO17 is line 17 of gpiochip0 .*; it is exported in \/sys\/class\/gpio, and cannot be taken .*EISDIR/,
      new RegExp(`^run echo ${NUMBER} \\| sudo tee /sys/class/gpio/unexport$`),
    ),
  );
  assert.equal(get("direction"), "out");
});

test("a chip that cannot be read keeps its line exported", async (t) => {
  const { folder, line, set, driver } = await setUp(t);
  set({ direction: "out", active_low: "0" });
  mkdirSync(join(line, "value"));
  await assert.rejects(driver.openOutput(OUTPUT, unheard), isFailure(/cannot be taken from there: EISDIR/));
  assert.throws(() => readFileSync(join(folder, "unexport")), { code: "ENOENT" });
});
