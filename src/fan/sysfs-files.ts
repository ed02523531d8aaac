import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { inKernel } from "../lib/in-kernel.ts";
import { CHECK_USERS, fanFailure } from "./failure.ts";
import type { NumberedLine } from "./sysfs-line.ts";

/** The files of an exported line. Behind each is the chip, which takes its time on a bus, and may hang. */
export interface LineFiles {
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
}

export function lineFiles(number: number, folder: string): LineFiles {
  const place = (file: string) => join(folder, `gpio${number}`, file);
  return {
    read: async (file) => (await inKernel(readFile(place(file), "utf8"))).trim(),
    write: (file, text) => inKernel(writeFile(place(file), text)),
  };
}

/**
 * Makes the line an input, or an output that begins `high` or `low` on the pad; one that is an output already keeps its
 * level. So does one that was exported before and is high, even if it is called an input: by hid-mcp2221 every output that
 * is high is, and the agent may have been killed while its fan ran. Rejects with `FAN_FAILED`.
 */
export async function configureLine(
  { number, where }: NumberedLine,
  folder: string,
  { activeLow, wasExported, to }: { activeLow: boolean; wasExported: boolean; to: "in" | "high" | "low" },
): Promise<void> {
  const { read, write } = lineFiles(number, folder);
  const turned = activeLow ? "1" : "0";
  try {
    if ((await read("active_low")) !== turned) await write("active_low", turned);
    if ((await read("direction")) === (to === "in" ? "in" : "out")) return;
    const isHigh = async () => ((await read("value")) === "1") !== activeLow;
    await write("direction", to === "low" && wasExported && (await isHigh()) ? "high" : to);
  } catch (error) {
    const what = to === "in" ? "input" : "output";
    throw fanFailure(`${where}; it cannot be made an ${what}: ${messageOf(error)}`, CHECK_USERS, error);
  }
}
