import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { until } from "../../support/until.ts";

const SYSFS = "/sys/class/gpio";

/** A line by the kernel's bare /sys/class/gpio (Documentation/admin-guide/gpio/sysfs.rst). */
export interface Pin {
  export(): Promise<void>;
  /** Done also if it was not exported. */
  unexport(): Promise<void>;
  set(file: "direction" | "value", word: string): Promise<void>;
  get(file: "direction" | "value"): Promise<string>;
  /** Where it is. */
  file(name: "value"): string;
}

/** @param chip its label */
export async function pinOf(chip: string, offset: number): Promise<Pin> {
  const number = (await firstNumber(chip)) + offset;
  const line = `${SYSFS}/gpio${number}`;
  return {
    export: () => writeFile(`${SYSFS}/export`, String(number)),
    unexport: async () => {
      if (existsSync(line)) await writeFile(`${SYSFS}/unexport`, String(number));
    },
    set: (file, word) => writeFile(`${line}/${file}`, word),
    get: async (file) => (await readFile(`${line}/${file}`, "utf8")).trim(),
    file: (name) => `${line}/${name}`,
  };
}

/** As after power-on: nobody has the line, and it is an input. */
export async function freePin(chip: string, offset: number): Promise<void> {
  await endHolders();
  const pin = await pinOf(chip, offset);
  await pin.unexport();
  await pin.export();
  await pin.set("direction", "in");
  await pin.unexport();
}

/** Ends whatever holds a line of the character device for the agent. */
export const endHolders = () => endAll("gpioset", "gpiomon");

/** Ends what watches one. */
export const endMonitors = () => endAll("gpiomon");

async function endAll(...names: string[]): Promise<void> {
  const gone = async () => {
    const running = await processesOf(names);
    for (const pid of running) process.kill(pid, "SIGKILL");
    return running.length === 0;
  };
  await until(`${names.join(" and ")} have ended`, gone);
}

/** By what they were told: who starts a program with a loader of its own has the loader's name. */
async function processesOf(programs: string[]): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const isMeant = (words: string) => words.split("\0").some((word) => programs.includes(basename(word)));
  return pids.filter((_, index) => isMeant(commands[index] ?? ""));
}

async function firstNumber(chip: string): Promise<number> {
  // Newer kernels show each chip twice: as chip0 too, which has no numbers.
  for (const name of (await readdir(SYSFS)).filter((entry) => entry.startsWith("gpiochip"))) {
    const read = (file: string) => readFile(`${SYSFS}/${name}/${file}`, "utf8").catch(() => "");
    if ((await read("label")).trim() === chip) return Number(await read("base"));
  }
  throw new Error(`no chip in ${SYSFS} is labelled ${chip}`);
}
