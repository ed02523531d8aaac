import type { Gpio } from "onoff";
import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { GpioDriver, LineRequest } from "./driver.ts";
import { fanFailure } from "./failure.ts";
import { explainLoadFailure } from "./load-failure.ts";
import { LINUX_GPIO } from "./obstacles.ts";
import { exportLine, lookAtLine, type NumberedLine, numberLine } from "./sysfs-line.ts";

const CHECK_USERS = "check that nothing else uses the line";

/** onoff, or an AgentError that says why it cannot be used here: it is optional, and native. */
export async function loadOnoff(): Promise<typeof import("onoff")> {
  try {
    return await import("onoff");
  } catch (error) {
    throw explainLoadFailure(error);
  }
}

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
      gpio.unexport();
      known.delete(line.number);
      return taken(line, request);
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
    async openOutput(request) {
      const line = await numberLine(request, folder);
      const gpio = await taken(line, request);
      return {
        where: line.where,
        found: (await gpio.read()) === 1,
        async set(on) {
          const wanted = on ? 1 : 0;
          try {
            await gpio.write(wanted);
          } catch (error) {
            throw fanFailure(`${line.where}; it cannot be set: ${messageOf(error)}`, CHECK_USERS, error);
          }
          if ((await gpio.read()) === wanted) return;
          throw fanFailure(
            `${line.where}; it was set ${on ? "active" : "inactive"} and reads the contrary`,
            "check the line for a short circuit, and that nothing else drives it",
          );
        },
        close: async () => undefined,
      };
    },
    async openInput(request, onEdge, onLost) {
      const { pull, key, activeLow } = request;
      if (pull !== "as-is") {
        throw fanFailure(
          `${key}: /sys/class/gpio cannot set a resistor (fan.feedbackPull = "${pull}")`,
          'use a real resistor, or gpio=N=pu in config.txt, with "as-is"; or fan.driver = "chardev"',
        );
      }
      const line = await numberLine(request, folder);
      const { Gpio } = await loadOnoff();
      await exportLine(line, ["direction", "active_low", "value", "edge"], folder, clock);
      // onoff reads in the callback of epoll, where nobody could catch what it throws, and the event would come for ever.
      class WatchedGpio extends Gpio {
        override readSync(): 0 | 1 {
          try {
            return super.readSync();
          } catch (error) {
            setImmediate(() => {
              this.unwatchAll();
              onLost(fanFailure(`${line.where}; it was taken away: ${messageOf(error)}`, CHECK_USERS, error));
            });
            return 0;
          }
        }
      }
      const gpio = new WatchedGpio(line.number, "in", "both", { activeLow });
      if (gpio.direction() !== "in" || gpio.edge() !== "both" || gpio.activeLow() !== activeLow) {
        gpio.unexport();
        throw fanFailure(`${line.where}; it gives no events`, `set ${key} to a line that has interrupts`);
      }
      gpio.watch((error, value) => {
        if (!error) onEdge(value === 1);
      });
      return {
        read: async () => (await gpio.read()) === 1,
        close: async () => gpio.unexport(),
      };
    },
  };
}

function isAlive(gpio: Gpio): Promise<boolean> {
  return gpio.read().then(
    () => true,
    () => false,
  );
}
