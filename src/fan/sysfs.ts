import { isAgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { GpioDriver } from "./driver.ts";
import { CHECK_USERS, fanFailure } from "./failure.ts";
import { LINUX_GPIO } from "./obstacles.ts";
import { forget, loadOnoff, openGpio } from "./onoff-gpio.ts";
import { isAt } from "./second-look.ts";
import { exportLine, unexportLine, untilUsable } from "./sysfs-export.ts";
import { configureLine, lineFiles } from "./sysfs-files.ts";
import { openSysfsInput } from "./sysfs-input.ts";
import { lookAtLine, type NumberedLine, numberLine } from "./sysfs-line.ts";
import { createSysfsOutput } from "./sysfs-output.ts";

/**
 * Lines through /sys/class/gpio, by onoff.
 *
 * What the pin of an output does: it stays exported, as an output and at its level, when the agent lets go of it, ends or
 * is killed. It is never unexported, because the kernel may make it an input then, and it would float; only one that was
 * an input, and could not be taken, becomes that again. Only a write, an unexport by somebody else or a reset of the machine
 * changes it.
 */
export function createSysfs(clock: Clock, folder = LINUX_GPIO.sysfs): GpioDriver {
  return {
    look: (request) => lookAtLine(request, folder),
    async openOutput({ activeLow, initial, ...request }, onLost) {
      const onoff = await loadOnoff();
      const line = await numberLine(request, folder);
      const wasExported = !(await exportLine(line, folder));
      let undo = async (): Promise<void> => undefined;
      try {
        await untilUsable(line, ["direction", "active_low", "value"], folder, clock);
        // The level is set together with the direction, so that the pin does not pass through the other one.
        const to = initial !== activeLow ? "high" : "low";
        const configured = await configureLine(line, folder, { activeLow, wasExported, to, clock });
        undo = configured.undo;
        const expected = configured.isHigh !== activeLow;
        const isActive = async () => (await lineFiles(line.number, folder).read("value")) === "1";
        const found = (await isAt(expected, isActive, clock)) ? expected : !expected;
        const gpio = openGpio(onoff, line.number, "out");
        const close = () => forget(gpio);
        return createSysfsOutput({ gpio, close, where: line.where, found, clock, onLost });
      } catch (error) {
        await undo();
        if (!wasExported) await unexportInput(line, folder);
        if (isAgentError(error)) throw error;
        throw fanFailure(`${line.where}; it cannot be read: ${messageOf(error)}`, CHECK_USERS, error);
      }
    },
    openInput: (request, onEdge, onLost) => openSysfsInput(request, { folder, clock, onEdge, onLost }),
  };
}

/** Nothing floats for it, and the next who looks does not take it for somebody's. */
async function unexportInput(line: NumberedLine, folder: string): Promise<void> {
  const direction = await lineFiles(line.number, folder)
    .read("direction")
    .catch(() => "");
  if (direction === "in") await unexportLine(line, folder);
}
