import type { AgentError } from "../errors.ts";
import type { FanConfig } from "./config.ts";
import { fanFailure } from "./failure.ts";
import type { Line } from "./line.ts";

/** Why each of the kernel's interfaces cannot be used; undefined for one that can. */
export interface Obstacles {
  sysfs: AgentError | undefined;
  chardev: AgentError | undefined;
}

export type InterfaceName = keyof Obstacles;

/** A decision, and its reason for people. */
export interface Choice<Name> {
  name: Name;
  why: string;
}

/**
 * Whether there is a fan at all, and a real one. A line means a real fan, whatever the sensor is: only `simulated` in so
 * many words, or no line beside a simulated sensor, makes a simulated one. Pure.
 */
export function chooseKind(
  { driver, line }: Pick<FanConfig, "driver" | "line">,
  sensorSource: string,
): (Choice<"gpio"> & { line: Line }) | Choice<"simulated"> | Choice<"none"> {
  if (driver === "simulated" || driver === "none") return { name: driver, why: `fan.driver is "${driver}"` };
  if (line) return { name: "gpio", why: "fan.line is set", line };
  if (sensorSource === "simulated")
    return { name: "simulated", why: "the sensor is simulated, and fan.line is empty" };
  return { name: "none", why: "fan.line is empty" };
}

const NO_PULL = "/sys/class/gpio cannot set fan.feedbackPull";
const AS_IS = 'set fan.feedbackPull = "as-is", with a real resistor or gpio=N=pu in config.txt';

/** Which interface switches the fan; throws an AgentError `FAN_FAILED` if none can. Pure. */
export function chooseInterface(
  { driver, feedbackLine, feedbackPull }: Pick<FanConfig, "driver" | "feedbackLine" | "feedbackPull">,
  { sysfs, chardev }: Obstacles,
): Choice<InterfaceName> {
  if (driver === "sysfs" || driver === "chardev") {
    const obstacle = driver === "sysfs" ? sysfs : chardev;
    if (obstacle) throw obstacle;
    return { name: driver, why: `fan.driver is "${driver}"` };
  }
  if (feedbackLine && feedbackPull !== "as-is") {
    if (chardev) throw fanFailure(`${NO_PULL}, and ${chardev.message}`, `${chardev.remedy}; or ${AS_IS}`);
    return { name: "chardev", why: NO_PULL };
  }
  if (!sysfs)
    return { name: "sysfs", why: "/sys/class/gpio can be used, which keeps the level whatever happens" };
  if (!chardev) return { name: "chardev", why: sysfs.message };
  throw fanFailure(`${sysfs.message}, and ${chardev.message}`, remedyOf(sysfs, chardev));
}

/** One thing to do is enough. */
function remedyOf(sysfs: AgentError, chardev: AgentError): string {
  return sysfs.remedy === chardev.remedy ? sysfs.remedy : `${sysfs.remedy}; or ${chardev.remedy}`;
}
