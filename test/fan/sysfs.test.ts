import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadOnoff } from "#agent/fan/onoff-gpio.js";
import { createSysfs } from "#agent/fan/sysfs.js";
import { systemClock } from "#agent/lib/clock.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { createSysfsFolder, NUMBER } from "./sysfs-folder.js";

const unheard = () => assert.fail("nothing is lost");

const OUTPUT = { line: { gpio: 17 }, key: "fan.line", activeLow: false, initial: true } as const;

// onoff looks for the line in /sys/class/gpio itself, and does not find it.
for (const wasExported of [true, false]) {
  const what = wasExported ? "was exported" : "was not exported";
  test(`an input that ${what} and cannot be opened as an output is left as it was`, async (t) => {
    const isThere = await loadOnoff().then(
      () => true,
      () => false,
    );
    if (!isThere) return t.skip("the npm package onoff cannot be loaded");
    const { folder, line, set, get } = await createSysfsFolder(t);
    const udev = () => set({ direction: "in", value: "0", active_low: "0" });
    // It gives the files away only after the export.
    const clock = { ...systemClock, sleep: async () => void (existsSync(line) || udev()) };
    if (wasExported) udev();
    else writeFileSync(join(folder, "export"), "");
    const driver = createSysfs(clock, folder);
    const message = new RegExp(`^GPIO17 is line 17 \\(number ${NUMBER}\\) .*; it cannot be read: ENOENT`);
    await assert.rejects(driver.openOutput(OUTPUT, unheard), isFailure(message, /nothing else uses/));
    assert.equal(get("direction"), "in");
    const unexport = join(folder, "unexport");
    assert.equal(existsSync(unexport) && readFileSync(unexport, "utf8"), wasExported ? false : `${NUMBER}`);
  });
}
