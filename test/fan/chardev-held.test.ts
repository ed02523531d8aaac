import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { untilHeld } from "#agent/fan/chardev-held.js";
import { createGpiod, type Gpiod } from "#agent/fan/gpiod.js";
import { startTool } from "#agent/fan/tool.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../support/cleanup.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { temporaryDirectory } from "../support/pki.js";
import { ROOT } from "../support/rig.js";

const LINE = {
  where: "GPIO17",
  label: "pinctrl-bcm2711",
  tool: { chip: "gpiochip0", offset: 17, activeLow: false },
};

async function setUp(t: TestContext, command: string, onLook: () => void = () => undefined) {
  const gpiod = await createFakeGpiod(t);
  const tool = startTool("sh", ["-c", command], { path: gpiod.path });
  defer(t, () => tool.end());
  const tools = createGpiod({ path: gpiod.path });
  const info: Gpiod["info"] = (line) => tools.info(line).finally(onLook);
  const parts = { gpiod: { ...tools, info }, clock: systemClock };
  return { gpiod, tool, held: () => untilHeld(tool, LINE, "output", parts) };
}

test("a tool of which nobody can tell whether it has the line is ended", async (t) => {
  const { gpiod, tool, held } = await setUp(t, "exec sleep 86400");
  gpiod.breakTool("gpioinfo", "unable to open chip '/dev/gpiochip0': No such file or directory");
  await assert.rejects(held(), isFailure(/unable to open chip/));
  assert.equal(tool.isAlive(), false);
});

test("another agent's hold is not taken for our own", async (t) => {
  const isSeen = join(await temporaryDirectory(t), "seen");
  // It is alive when the line is first looked at: that it has ended tells nothing of who has the line.
  const { gpiod, held } = await setUp(
    t,
    `until [ -e "${isSeen}" ]; do sleep 0.05; done; echo busy >&2; exit 1`,
    () => writeFileSync(isSeen, ""),
  );
  const program = `
    const { syntaxOf } = await import("#agent/fan/gpiod-syntax.js");
    process.stdout.write(syntaxOf(2).consumer("gpioset"));`;
  const options = { cwd: ROOT, encoding: "utf8" } as const;
  const other = execFileSync(process.execPath, ["--input-type=module", "--eval", program], options);
  gpiod.leave(17, 1);
  gpiod.occupy(17, other);
  await assert.rejects(held(), isFailure(/GPIO17; cave-agent-\d+ has it/));
});
