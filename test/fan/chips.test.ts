import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findLine } from "#agent/fan/chips.js";
import { readSysfsChips } from "#agent/fan/sysfs-chips.js";
import { isFailure } from "../support/hardware/fan-contract.js";
import { temporaryDirectory } from "../support/pki.js";

/** As /sys/class/gpio shows a chip. */
function addChip(folder: string, base: number, label: string, lines: number): void {
  const chip = join(folder, `gpiochip${base}`);
  mkdirSync(chip, { recursive: true });
  writeFileSync(join(chip, "base"), `${base}\n`);
  writeFileSync(join(chip, "label"), `${label}\n`);
  writeFileSync(join(chip, "ngpio"), `${lines}\n`);
}

const find = async (folder: string, line: Parameters<typeof findLine>[0]) => {
  const { chip, offset } = findLine(line, await readSysfsChips(folder), "fan.line");
  return chip.base + offset;
};

test("the number of GPIO17 is what this machine and kernel make of it", async (t) => {
  for (const chips of [
    // Debian 12's 6.1 gives numbers downwards, later kernels upwards from 512; a Pi 5 has other chips before its own.
    [[458, "pinctrl-bcm2835", 54]],
    [
      [512, "pinctrl-bcm2711", 58],
      [570, "raspberrypi-exp-gpio", 8],
    ],
    [
      [512, "gpio-brcmstb@107d508500", 32],
      [544, "gpio-brcmstb@107d517c00", 15],
      [569, "pinctrl-rp1", 54],
    ],
  ] as const) {
    const folder = await temporaryDirectory(t);
    for (const [base, label, lines] of chips) addChip(folder, base, label, lines);
    const [base = 0] = chips.find(([, label]) => label.startsWith("pinctrl")) ?? [];
    assert.equal(await find(folder, { gpio: 17 }), base + 17);
    assert.equal(await find(folder, { chip: chips[0][1], offset: 3 }), chips[0][0] + 3);
  }
});

test("other entries of the folder are no chips, and a chip that just went is left out", async (t) => {
  const folder = await temporaryDirectory(t);
  addChip(folder, 512, "pinctrl-bcm2711", 58);
  mkdirSync(join(folder, "chip0"));
  mkdirSync(join(folder, "gpio529"));
  writeFileSync(join(folder, "export"), "");
  symlinkSync(join(folder, "gone"), join(folder, "gpiochip600"));
  assert.deepEqual(await readSysfsChips(folder), [
    { name: "gpiochip512", label: "pinctrl-bcm2711", lines: 58, base: 512 },
  ]);
});

test("no chip, several chips and a line beyond the chip are refused with what was found", async (t) => {
  const folder = await temporaryDirectory(t);
  await assert.rejects(
    find(folder, { gpio: 17 }),
    isFailure(
      /^fan\.line: GPIO17 is on the GPIO chip pinctrl-bcm2835 or pinctrl-bcm2711 or pinctrl-rp1, and there is none; found: no chip at all$/,
    ),
  );
  addChip(folder, 512, "INT34C5:00", 312);
  await assert.rejects(
    find(folder, { gpio: 17 }),
    isFailure(
      /there is none; found: gpiochip512 \[INT34C5:00\] with 312 lines$/,
      /set fan\.line to a line of a chip/,
    ),
  );
  await assert.rejects(
    find(folder, { chip: "INT34C5:00", offset: 312 }),
    isFailure(/gpiochip512 \[INT34C5:00\] with 312 lines has no offset 312$/, /from 0 to 311/),
  );
  addChip(folder, 824, "INT34C5:00", 4);
  await assert.rejects(
    find(folder, { chip: "INT34C5:00", offset: 1 }),
    isFailure(/there are several: gpiochip512 .*, gpiochip824/, /only one of them/),
  );
});
