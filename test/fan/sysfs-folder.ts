import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.ts";

/** No other test's, since who has a line open is seen by its number, wherever it lies. */
export const BASE = 1000 * process.pid;
/** Of GPIO17. */
export const NUMBER = BASE + 17;

/** A folder in the place of /sys/class/gpio: nothing happens in it unless the test does it. */
export async function createSysfsFolder(t: Scope) {
  const folder = await temporaryDirectory(t);
  const chip = join(folder, `gpiochip${BASE}`);
  mkdirSync(chip);
  for (const [file, text] of [
    ["base", `${BASE}\n`],
    ["label", "pinctrl-bcm2711\n"],
    ["ngpio", "58\n"],
  ] as const) {
    writeFileSync(join(chip, file), text);
  }
  const line = join(folder, `gpio${NUMBER}`);
  return {
    folder,
    /** GPIO17's. */
    line,
    /** Exports GPIO17, and writes its files. */
    set(values: Record<string, string>) {
      mkdirSync(line, { recursive: true });
      for (const [file, text] of Object.entries(values)) writeFileSync(join(line, file), `${text}\n`);
    },
    get: (file: string) => readFileSync(join(line, file), "utf8").trim(),
  };
}
