import { describeChip, findLine } from "./chips.ts";
import type { LineFacts, LineRequest } from "./driver.ts";
import { lineText } from "./line.ts";
import { readSysfsChips } from "./sysfs-chips.ts";
import { lineFiles } from "./sysfs-files.ts";
import { usersOf } from "./sysfs-users.ts";

/** A line, and the number among all lines of the machine that this kernel has given it today. */
export interface NumberedLine {
  number: number;
  where: string;
}

/** Where the line is in `folder`. Rejects with `FAN_FAILED`. */
export async function numberLine(
  { line, key }: Pick<LineRequest, "line" | "key">,
  folder: string,
): Promise<NumberedLine> {
  const { chip, offset } = findLine(line, await readSysfsChips(folder), key);
  const number = chip.base + offset;
  return { number, where: `${lineText(line)} is line ${offset} (number ${number}) of ${describeChip(chip)}` };
}

/**
 * The line as it is, exported or not. The direction of one that somebody has open is not asked for: hid-mcp2221 calls a
 * high output an input, and from then on the kernel refuses whoever would set it.
 */
export async function lookAtLine(request: LineRequest, folder: string): Promise<LineFacts> {
  const { number, where } = await numberLine(request, folder);
  const files = lineFiles(number, folder);
  const read = (file: string) => files.read(file).catch(() => "");
  const activeLow = await read("active_low");
  if (activeLow === "") return { where, direction: undefined, on: undefined, consumer: undefined };
  const users = await usersOf(number);
  const [user] = users.found;
  // One after the other: behind both is the chip, and where it hangs each would hold a thread.
  const value = await read("value");
  // Only an input can have edges.
  const edgeTells = async () => (["", "none"].includes(await read("edge")) ? "out" : "in");
  const direction = await (user ? edgeTells() : read("direction"));
  // The value is by the line's own setting, which may be another than the configured one.
  const isHigh = (value === "1") !== (activeLow === "1");
  return {
    where,
    direction: direction === "" ? undefined : direction === "out" ? "output" : "input",
    on: value === "" ? undefined : isHigh !== request.activeLow,
    consumer: user ?? "sysfs",
    users,
  };
}
