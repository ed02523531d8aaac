import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Chip } from "./chips.ts";

/** A chip of /sys/class/gpio. Its lines have the numbers from `base` on, which differ from kernel to kernel. */
export interface SysfsChip extends Chip {
  base: number;
}

/** All chips that `folder` shows (Documentation/admin-guide/gpio/sysfs.rst); a chip that goes meanwhile is left out. */
export async function readSysfsChips(folder: string): Promise<SysfsChip[]> {
  const names = await readdir(folder);
  const chips = await Promise.all(
    names
      .filter((name) => /^gpiochip\d+$/.test(name))
      .sort()
      .map(async (name) => {
        const read = async (file: string) => (await readFile(join(folder, name, file), "utf8")).trim();
        try {
          const [label, base, ngpio] = await Promise.all([read("label"), read("base"), read("ngpio")]);
          return { name, label, lines: Number(ngpio), base: Number(base) };
        } catch {
          return undefined;
        }
      }),
  );
  return chips.filter((chip) => chip !== undefined);
}
