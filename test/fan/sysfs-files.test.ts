import assert from "node:assert/strict";
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configureLine, drivenLevel } from "#agent/fan/sysfs-files.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../support/cleanup.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { createSysfsFolder, NUMBER } from "./sysfs-folder.js";

const LINE = { number: NUMBER, where: "GPIO17" };
const TAKEN = { activeLow: false, wasExported: true, to: "low", clock: systemClock } as const;

for (const direction of ["in", "out"]) {
  test(`a running fan that is called low during an I2C transfer is looked at again (${direction})`, async (t) => {
    const { folder, set, get } = await createSysfsFolder(t);
    const clock = { ...systemClock, sleep: async () => set({ value: "1" }) };
    set({ direction, value: "0", active_low: "0" });
    assert.equal(await drivenLevel(LINE, folder, clock), true);
    set({ value: "0" });
    const { isHigh } = await configureLine(LINE, folder, { ...TAKEN, clock });
    assert.equal(isHigh, true);
    assert.equal(get("direction"), direction === "in" ? "high" : "out");
  });
}

test("an output drives its level, an input none, a high one of a chip without edges perhaps", async (t) => {
  const { folder, line, set } = await createSysfsFolder(t);
  for (const [direction, value, activeLow, edge, level] of [
    ["out", "1", "0", "none", true],
    ["out", "0", "0", "none", false],
    ["out", "0", "1", "none", true],
    ["in", "0", "0", undefined, undefined],
    ["in", "1", "1", undefined, undefined],
    ["in", "1", "0", undefined, true],
    ["in", "1", "0", "none", true],
    ["in", "1", "0", "both", undefined],
  ] as const) {
    set({ direction, value, active_low: activeLow, ...(edge && { edge }) });
    if (!edge) rmSync(join(line, "edge"), { force: true });
    const found = await drivenLevel(LINE, folder, systemClock);
    assert.equal(found, level, `${direction} ${value} ${activeLow} ${edge}`);
  }
});

test("an input that was left with its edges becomes an output, and a high one begins as it is told", async (t) => {
  const { folder, set, get } = await createSysfsFolder(t);
  set({ direction: "in", value: "1", active_low: "0", edge: "both" });
  await configureLine(LINE, folder, TAKEN);
  assert.deepEqual([get("edge"), get("direction")], ["none", "low"]);
});

test("an input whose edges somebody waits for is left to him, with his name", async (t) => {
  if (process.platform !== "linux") return t.skip("only Linux has a /proc");
  const { folder, line, set, get } = await createSysfsFolder(t);
  set({ direction: "in", value: "1", active_low: "0", edge: "both" });
  const value = openSync(join(line, "value"), "r");
  defer(t, () => closeSync(value));
  const name = new RegExp(`process ${process.pid} \\(.+\\)`);
  await assert.rejects(
    configureLine(LINE, folder, TAKEN),
    isFailure(new RegExp(`^GPIO17; ${name.source} has it$`), new RegExp(`^stop ${name.source}, or use`)),
  );
  assert.deepEqual([get("edge"), get("direction")], ["both", "in"]);
});

test("what became an output here can be made an input again, what has kept its level cannot", async (t) => {
  const { folder, set, get } = await createSysfsFolder(t);
  for (const [direction, value, wasExported, after] of [
    ["in", "0", true, "in"],
    ["in", "1", false, "in"],
    ["in", "1", true, "high"],
    ["out", "0", true, "out"],
  ] as const) {
    set({ direction, value, active_low: "0" });
    const { undo } = await configureLine(LINE, folder, { ...TAKEN, wasExported });
    await undo();
    assert.equal(get("direction"), after, `${direction} ${value} ${wasExported}`);
  }
});
