import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { usersOf } from "#agent/fan/sysfs-users.js";
import { temporaryDirectory } from "../support/pki.js";

const LINE = "/sys/devices/platform/soc/fe200000.gpio/gpiochip0/gpio/gpio529/value";

test("who has the line open is found among all processes, by number and name", async (t) => {
  const processes = await temporaryDirectory(t);
  const start = (id: number, name: string, ...files: string[]) => {
    const folder = join(processes, String(id));
    mkdirSync(join(folder, "fd"), { recursive: true });
    writeFileSync(join(folder, "comm"), `${name}\n`);
    for (const [number, file] of files.entries()) symlinkSync(file, join(folder, "fd", String(number)));
  };
  writeFileSync(join(processes, "uptime"), "1 1\n");
  start(34, "node", "/dev/null", LINE, LINE);
  start(35, "python3", "/sys/class/gpio/gpio529/value");
  start(36, "other", LINE.replace("529", "1529"), LINE.replace("529", "530"), `${LINE} (deleted)`);
  mkdirSync(join(processes, "37"));
  const found = ["process 34 (node)", "process 35 (python3)"];
  assert.deepEqual(
    await usersOf(529, processes),
    { found, isComplete: false },
    "the first is not to be seen",
  );
  start(1, "systemd");
  symlinkSync("/", join(processes, "1", "root"));
  assert.deepEqual(await usersOf(529, processes), { found, isComplete: true });
  assert.deepEqual(await usersOf(531, processes), { found: [], isComplete: true });
});

test("where no processes are shown nobody is found, and nothing is sure", async (t) => {
  const processes = join(await temporaryDirectory(t), "proc");
  assert.deepEqual(await usersOf(529, processes), { found: [], isComplete: false });
});
