import type { Clock } from "../lib/clock.ts";
import type { GpioDriver } from "./driver.ts";
import { LINUX_GPIO } from "./obstacles.ts";
import { forget, loadOnoff, openGpio } from "./onoff-gpio.ts";
import { exportLine, untilUsable } from "./sysfs-export.ts";
import { configureLine, lineFiles } from "./sysfs-files.ts";
import { openSysfsInput } from "./sysfs-input.ts";
import { lookAtLine, numberLine } from "./sysfs-line.ts";
import { createSysfsOutput } from "./sysfs-output.ts";

/**
 * Lines through /sys/class/gpio, by onoff.
 *
 * What the pin of an output does: it stays exported, as an output and at its level, when the agent lets go of it, ends or
 * is killed. It is never unexported, because the kernel may make it an input then, and it would float. Only a write, an
 * unexport by somebody else or a reset of the machine changes it.
 */
export function createSysfs(clock: Clock, folder = LINUX_GPIO.sysfs): GpioDriver {
  return {
    look: (request) => lookAtLine(request, folder),
    async openOutput({ activeLow, initial, ...request }, onLost) {
      const onoff = await loadOnoff();
      const line = await numberLine(request, folder);
      const wasExported = !(await exportLine(line, folder));
      await untilUsable(line, ["direction", "active_low", "value"], folder, clock);
      // The level is set together with the direction, so that the pin does not pass through the other one.
      await configureLine(line, folder, {
        activeLow,
        wasExported,
        to: initial !== activeLow ? "high" : "low",
      });
      const found = (await lineFiles(line.number, folder).read("value")) === "1";
      const gpio = openGpio(onoff, line.number, "out");
      const close = () => forget(gpio);
      return createSysfsOutput({ gpio, close, where: line.where, found, clock, onLost });
    },
    openInput: (request, onEdge, onLost) => openSysfsInput(request, { folder, clock, onEdge, onLost }),
  };
}
