import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A GPIO chip of the kernel's gpio-sim module: real lines to every program, with a side door for the test. */
export interface GpioSim {
  /** `gpiochip0` */
  chip: string;
  /** The level of a line, as what is connected to it would see it. */
  level(offset: number): Promise<0 | 1>;
  /** What is connected to an input drives it: edges come as from a real one. */
  drive(offset: number, level: 0 | 1): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Makes one through configfs (Documentation/admin-guide/gpio/gpio-sim.rst); needs root and the module. Only kernels from
 * 5.17 on have it, and Debian's only from 7.x on.
 */
export async function createGpioSim(options: {
  label: string;
  lines: number;
  configfs?: string;
}): Promise<GpioSim> {
  const device = join(
    options.configfs ?? "/sys/kernel/config",
    "gpio-sim",
    `cave-${process.pid}-${Date.now()}`,
  );
  const bank = join(device, "bank0");
  await mkdir(bank, { recursive: true });
  await writeFile(join(bank, "num_lines"), String(options.lines));
  await writeFile(join(bank, "label"), options.label);
  await writeFile(join(device, "live"), "1");
  const read = async (file: string) => (await readFile(file, "utf8")).trim();
  const [name, chip] = await Promise.all([read(join(device, "dev_name")), read(join(bank, "chip_name"))]);
  const line = (offset: number, file: string) =>
    join("/sys/devices/platform", name, chip, `sim_gpio${offset}`, file);
  return {
    chip,
    level: async (offset) => ((await read(line(offset, "value"))) === "1" ? 1 : 0),
    drive: (offset, level) => writeFile(line(offset, "pull"), level === 1 ? "pull-up" : "pull-down"),
    async remove() {
      await writeFile(join(device, "live"), "0");
      await rmdir(bank);
      await rmdir(device);
    },
  };
}
