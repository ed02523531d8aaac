import { fanFailure } from "./failure.ts";
import { type Line, lineText, PI_CHIPS } from "./line.ts";

/** A GPIO chip as an interface of the kernel shows it. */
export interface Chip {
  /** `gpiochip0` or, in /sys/class/gpio, `gpiochip512`. */
  name: string;
  label: string;
  /** How many lines it has. */
  lines: number;
}

/**
 * The one chip that has this line, and the line's offset there. Throws an AgentError `FAN_FAILED` that says what was
 * found if there is none, or more than one: a guess could switch something else than the fan.
 */
export function findLine<Found extends Chip>(
  line: Line,
  chips: readonly Found[],
  key: string,
): { chip: Found; offset: number } {
  const labels: readonly string[] = "gpio" in line ? PI_CHIPS : [line.chip];
  const offset = "gpio" in line ? line.gpio : line.offset;
  const [chip, ...others] = chips.filter(({ label }) => labels.includes(label));
  const wanted = `${key}: ${lineText(line)} is on the GPIO chip ${labels.join(" or ")}`;
  if (!chip) {
    throw fanFailure(
      `${wanted}, and there is none; found: ${chips.map(describeChip).join(", ") || "no chip at all"}`,
      `set ${key} to a line of a chip that was found, as {chip = "label", offset = 17}`,
    );
  }
  if (others.length > 0) {
    const all = [chip, ...others].map(describeChip).join(", ");
    throw fanFailure(`${wanted}, and there are several: ${all}`, "leave only one of them connected");
  }
  if (offset >= chip.lines) {
    throw fanFailure(
      `${key}: ${describeChip(chip)} has no offset ${offset}`,
      `set ${key} to an offset from 0 to ${chip.lines - 1}`,
    );
  }
  return { chip, offset };
}

/** `gpiochip0 [pinctrl-rp1] with 54 lines` */
export function describeChip({ name, label, lines }: Chip): string {
  return `${name} [${label}] with ${lines} lines`;
}
