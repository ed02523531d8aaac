import type { Chip } from "./chips.ts";

/** What gpioinfo says of a line. */
export interface LineInfo {
  direction: "input" | "output";
  /** Who holds it; undefined if nobody does. */
  consumer: string | undefined;
}

/** The chips that gpiodetect lists: `gpiochip0 [pinctrl-rp1] (54 lines)`, the same in libgpiod 1 and 2. */
export function parseDetect(output: string): Chip[] {
  const chips = output.split("\n").flatMap((line) => {
    const [, name, label, lines] = /^(\S+) \[(.*)\] \((\d+) lines?\)\s*$/.exec(line) ?? [];
    return name === undefined || label === undefined ? [] : [{ name, label, lines: Number(lines) }];
  });
  // A second device file may be a link to the first: on a Pi 5, gpiochip4 is there for old programs.
  return [...new Map(chips.map((chip) => [chip.name, chip])).values()];
}

/**
 * What gpioinfo says of the line at `offset`. It writes
 * `line  17:  "GPIO17"  "sysfs"  output  active-high [used]` in libgpiod 1, for every line of the chip, and
 * `gpiochip0 17  "GPIO17"  output consumer="sysfs"` in libgpiod 2.
 */
export function parseInfo(output: string, offset: number): LineInfo | undefined {
  for (const line of output.split("\n")) {
    const found = parseInfo1(line, offset) ?? parseInfo2(line, offset);
    if (found) return found;
  }
  return undefined;
}

const NAME = String.raw`(?:"(?<quoted>[^"]*)"|(?<word>\S+))`;

function parseInfo1(line: string, offset: number): LineInfo | undefined {
  const pattern = new RegExp(
    String.raw`^\s*line\s+${offset}:\s+(?:"[^"]*"|\S+)\s+${NAME}\s+(?<direction>input|output)\s+active-\w+(?<flags>.*)$`,
  );
  const { quoted, word, direction, flags } = pattern.exec(line)?.groups ?? {};
  if (direction === undefined) return undefined;
  // Whoever takes a line without naming himself is "unused" with the flag "used": it is the flag that counts.
  const consumer = flags?.includes("used") ? (quoted ?? (word === "unused" ? "unnamed" : word)) : undefined;
  return { direction: direction === "output" ? "output" : "input", consumer };
}

function parseInfo2(line: string, offset: number): LineInfo | undefined {
  const pattern = new RegExp(
    String.raw`^\S+ ${offset}\s+(?:"[^"]*"|\S+)\s+(?<direction>input|output)\b(?:.*\sconsumer=${NAME})?`,
  );
  const { quoted, word, direction } = pattern.exec(line)?.groups ?? {};
  if (direction === undefined) return undefined;
  return { direction: direction === "output" ? "output" : "input", consumer: quoted ?? word };
}
