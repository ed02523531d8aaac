import { createLine, type Line } from "./gpio-line.ts";

export interface GpioChip {
  label: string;
  /** The number of its first line among all lines of the machine. */
  base: number;
  lines: readonly Line[];
  hasInterrupts: boolean;
}

/** What stands in /sys/class/gpio/gpiochipN, and how its lines are let go of. */
export interface GpioChipSpec {
  label: string;
  base: number;
  ngpio: number;
  becomesInputWhenFree?: boolean;
  /** False: its lines have no `edge`, as those of many expanders. */
  interrupts?: boolean;
  /** It calls every output that is high an input, as hid-mcp2221 does. */
  callsHighInput?: boolean;
}

/** The chip of the header's pins. */
export const SOC = "pinctrl-bcm2711";

/** A Raspberry Pi 4 with Linux 6.12: numbers begin with 512, and GPIO17 is 529. */
export const PI_4: readonly GpioChipSpec[] = [
  { label: SOC, base: 512, ngpio: 58, becomesInputWhenFree: true },
  { label: "raspberrypi-exp-gpio", base: 570, ngpio: 8 },
];

export function createGpioChip(spec: GpioChipSpec): GpioChip {
  const {
    label,
    base,
    ngpio,
    becomesInputWhenFree = false,
    interrupts = true,
    callsHighInput = false,
  } = spec;
  const lines = Array.from({ length: ngpio }, () => createLine({ becomesInputWhenFree, callsHighInput }));
  return { label, base, lines, hasInterrupts: interrupts };
}
