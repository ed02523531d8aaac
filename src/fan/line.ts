/** A GPIO line as the configuration names it: never by a number that a kernel update may change. */
export type Line =
  /** A line of a Raspberry Pi's header by its Broadcom number, which is its offset in the Pi's own chip. */
  | { gpio: number }
  /** Any line: label of its chip, and its offset there. */
  | { chip: string; offset: number };

/** What `parseLine` takes, for messages. */
export const LINE_FORMS = '"GPIO17" (a Raspberry Pi\'s line, 0 to 45) or {chip = "label", offset = 17}';

/** The compute modules of Pi 1 to 4 lead out 46 lines, the header of all models those up to 27. */
const MOST_GPIO = 45;
const MOST_OFFSET = 65_535;

/**
 * The labels that a Pi's own GPIO chip has had: Pi 0 to 3, Pi 4, Pi 5 (pinctrl-bcm2835.c and pinctrl-rp1.c of the
 * kernel).
 */
export const PI_CHIPS = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"] as const;

/** Reads `GPIO17` or `label:17`; a label may have colons itself. Undefined for anything else. */
export function parseLine(text: string): Line | undefined {
  const gpio = /^GPIO(0|[1-9]\d?)$/.exec(text)?.[1];
  if (gpio !== undefined) return Number(gpio) <= MOST_GPIO ? { gpio: Number(gpio) } : undefined;
  const [, chip, offset] = /^(\S(?:.*\S)?):(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  if (chip === undefined || Number(offset) > MOST_OFFSET) return undefined;
  return { chip, offset: Number(offset) };
}

/** The text that `parseLine` reads back. */
export function lineText(line: Line): string {
  return "gpio" in line ? `GPIO${line.gpio}` : `${line.chip}:${line.offset}`;
}

/** The Broadcom number of a line that is the Pi's own, however it is named; undefined for any other line. */
export function gpioOf(line: Line): number | undefined {
  if ("gpio" in line) return line.gpio;
  return (PI_CHIPS as readonly string[]).includes(line.chip) ? line.offset : undefined;
}

/** Whether both name one line. */
export function isSameLine(one: Line, other: Line): boolean {
  const isByNumber = "gpio" in one || "gpio" in other;
  const gpio = gpioOf(one);
  return isByNumber ? gpio !== undefined && gpio === gpioOf(other) : lineText(one) === lineText(other);
}

/**
 * The text of an inline table `{chip, offset}`; another table becomes text as well, to be refused: with single quotes,
 * because what shows it puts it in double ones.
 */
export function lineFromTable(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { chip, offset, ...others } = value as Record<string, unknown>;
  const isLine = typeof chip === "string" && Number.isSafeInteger(offset) && Object.keys(others).length === 0;
  return isLine ? `${chip}:${offset}` : JSON.stringify(value).replaceAll('"', "'");
}
