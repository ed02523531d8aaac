import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { inKernel } from "../lib/in-kernel.ts";
import { takenBy } from "./chardev-line.ts";
import { CHECK_USERS, fanFailure } from "./failure.ts";
import { isAt } from "./second-look.ts";
import type { NumberedLine } from "./sysfs-line.ts";
import { usersOf } from "./sysfs-users.ts";

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
 * The level that an exported line drives, on the pad; undefined for an input. One that is high and has no edges may be an
 * output though it is called an input: by hid-mcp2221, whose lines have none, every output that is high is. Not to be asked
 * of a line that somebody has open (`lookAtLine` says why).
 */
export async function drivenLevel(
  { number }: NumberedLine,
  folder: string,
  clock: Clock,
): Promise<boolean | undefined> {
  const { read } = lineFiles(number, folder);
  const isOutput = (await read("direction")) === "out";
  if (!isOutput && (await hasEdges(number, folder))) return undefined;
  const activeLow = await read("active_low");
  const isHigh = await isAt(true, async () => (await read("value")) !== activeLow, clock);
  return isOutput || isHigh ? isHigh : undefined;
}

/** A line without interrupts has no such file, nor has one that was unexported. */
async function hasEdges(number: number, folder: string): Promise<boolean> {
  const edge = await lineFiles(number, folder)
    .read("edge")
    .catch(() => "none");
  return edge !== "none";
}

/** A line that was configured. */
export interface Configured {
  /** The level that an output is expected to show on the pad, by one look or two. */
  isHigh: boolean;
  /** Makes it the input again that it was, unless its level was kept: best effort, never rejects. */
  undo(): Promise<void>;
}

export interface ConfigureOptions {
  activeLow: boolean;
  wasExported: boolean;
  to: "in" | "high" | "low";
  clock: Clock;
}

/**
 * Makes the line an input, or an output that begins `high` or `low` on the pad; one that was exported and drives a level
 * keeps it, since the agent may have been killed while its fan ran. A chip that cannot be read is not switched. Rejects with
 * `FAN_FAILED`.
 */
export async function configureLine(
  line: NumberedLine,
  folder: string,
  { activeLow, wasExported, to, clock }: ConfigureOptions,
): Promise<Configured> {
  const { read, write } = lineFiles(line.number, folder);
  const turned = activeLow ? "1" : "0";
  const kept = { isHigh: true, undo: async () => undefined };
  try {
    if ((await read("active_low")) !== turned) await write("active_low", turned);
    if ((await read("direction")) === (to === "in" ? "in" : "out")) return kept;
    if (to === "in") {
      await write("direction", to);
      return kept;
    }
    await read("value");
    const isHigh = wasExported && (await drivenLevel(line, folder, clock)) === true;
    if (await hasEdges(line.number, folder)) await endEdges(line, folder);
    await write("direction", isHigh ? "high" : to);
    if (isHigh) return kept;
    return { isHigh: to === "high", undo: () => write("direction", "in").catch(() => undefined) };
  } catch (error) {
    if (isAgentError(error)) throw error;
    const what = to === "in" ? "input" : "output";
    throw fanFailure(`${line.where}; it cannot be made an ${what}: ${messageOf(error)}`, CHECK_USERS, error);
  }
}

/** The kernel makes no output of a line that has an interrupt: whoever wanted the edges may have died since. */
async function endEdges(line: NumberedLine, folder: string): Promise<void> {
  const { found } = await usersOf(line.number);
  if (found.length > 0) throw takenBy(found.join(", "), line);
  await lineFiles(line.number, folder).write("edge", "none");
}
