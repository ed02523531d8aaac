import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PI_CHIPS } from "./line.ts";

/**
 * Whether the kernel's driver of the chip with this label says that an output keeps its level when it is let go:
 * `persist_gpio_outputs` of pinctrl-bcm2835.c and pinctrl-rp1.c, which Raspberry Pi's kernel has on, and Debian's off. False
 * where it does not say: with most drivers such a line becomes an input.
 */
export async function keepsOutputs(label: string, modules = "/sys/module"): Promise<boolean> {
  if (!(PI_CHIPS as readonly string[]).includes(label)) return false;
  const driver = label === "pinctrl-rp1" ? "pinctrl_rp1" : "pinctrl_bcm2835";
  const file = join(modules, driver, "parameters", "persist_gpio_outputs");
  return (await readFile(file, "utf8").catch(() => "")).trim() === "Y";
}
