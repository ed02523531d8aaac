import type { Clock } from "../lib/clock.ts";
import type { GpioDriver, LineRequest } from "./driver.ts";
import { LINUX_GPIO } from "./obstacles.ts";
import { forget, type Gpio, isAlive, loadOnoff } from "./onoff-gpio.ts";
import { openSysfsInput } from "./sysfs-input.ts";
import { exportLine, lookAtLine, type NumberedLine, numberLine } from "./sysfs-line.ts";
import { createSysfsOutput } from "./sysfs-output.ts";

/**
 * Lines through /sys/class/gpio, by onoff.
 *
 * What the pin does: it stays exported, as an output and at its level, when the agent lets go of it, ends or is killed.
 * It is never unexported, because the kernel may make it an input then, and it would float. Only a write, an unexport by
 * somebody else or a reset of the machine changes it.
 */
export function createSysfs(clock: Clock, folder = LINUX_GPIO.sysfs): GpioDriver {
  // onoff cannot close a line without unexporting it, so a line that is opened again is the same one.
  const known = new Map<number, Gpio>();

  async function taken(line: NumberedLine, request: LineRequest & { initial: boolean }): Promise<Gpio> {
    const { Gpio } = await loadOnoff();
    await exportLine(line, ["direction", "active_low", "value"], folder, clock);
    // The level is set together with the direction, so that the pin does not pass through the other one.
    const level = request.initial !== request.activeLow ? "high" : "low";
    const { activeLow } = request;
    let gpio = known.get(line.number);
    if (gpio && !(await isAlive(gpio))) {
      known.delete(line.number);
      forget(gpio);
      gpio = undefined;
    }
    gpio ??= new Gpio(line.number, level, "none", { activeLow, reconfigureDirection: false });
    known.set(line.number, gpio);
    // onoff keeps silent about what it could not set on a line that was exported before.
    if (gpio.activeLow() !== activeLow) gpio.setActiveLow(activeLow);
    if (gpio.direction() !== "out") gpio.setDirection(level);
    return gpio;
  }

  return {
    look: (request) => lookAtLine(request, folder),
    async openOutput(request, onLost) {
      const line = await numberLine(request, folder);
      const gpio = await taken(line, request);
      const found = (await gpio.read()) === 1;
      return createSysfsOutput({ gpio, where: line.where, found, clock, onLost });
    },
    openInput: (request, onEdge, onLost) => openSysfsInput(request, { folder, clock, onEdge, onLost }),
  };
}
