import { join } from "node:path";
import type { ConfiguredCheck } from "./check.ts";
import { deviceFiles } from "./device-files.ts";

/** Whether there is a GPIO interface that the agent may use: the character device, or the older sysfs. */
export const gpioCheck: ConfiguredCheck = {
  id: "gpio",
  title: "GPIO",
  needs: ["fan.driver"],
  async look({ config, machine }) {
    const driver: string = config.fan.driver;
    if (driver === "simulated") return { result: "skipped", detail: "the fan is simulated" };
    const chips = await deviceFiles(machine.devices, /^gpiochip\d+$/);
    const sysfs = await deviceFiles(machine.sysfsGpio, /^export$/);
    const found = [...chips, ...sysfs];
    const usable = found.filter(({ isUsable }) => isUsable).map(({ file }) => file);
    if (usable.length > 0) return { result: "ok", detail: usable.join(", ") };
    if (found.length === 0) {
      return {
        result: "failed",
        detail: `there is neither ${join(machine.devices, "gpiochip*")} nor ${machine.sysfsGpio}`,
        remedy: "run the agent on a machine with GPIO, with a kernel that has its driver",
      };
    }
    return {
      result: "failed",
      detail: `this user may not use ${found.map(({ file }) => file).join(", ")}`,
      remedy: "make the agent's user a member of the group gpio; run doctor as that user",
    };
  },
};
