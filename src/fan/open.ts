import type { Clock } from "../lib/clock.ts";
import { createAbsentFan } from "./absent.ts";
import { createChardev } from "./chardev.ts";
import { chooseInterface, chooseKind } from "./choose.ts";
import type { FanConfig } from "./config.ts";
import type { Fan } from "./fan.ts";
import { createGpioFan, type GpioFanParts } from "./gpio-fan.ts";
import { createGpiod } from "./gpiod.ts";
import { lookForObstacles } from "./obstacles.ts";
import { createSimulatedFan } from "./simulated.ts";
import { createSysfs, loadOnoff, SYSFS_GPIO } from "./sysfs.ts";

/** What a fan needs of the rest of the agent. */
export interface FanParts extends Pick<GpioFanParts, "onTaken" | "onFault" | "onRecovered"> {
  clock: Clock;
  /** `sensor.source`. */
  sensorSource: string;
}

/** The configured fan. This does no I/O; its `open` does. */
export function openFan(config: FanConfig, { sensorSource, clock, ...told }: FanParts): Fan {
  const telling = (fan: Fan): Fan => ({ ...fan, open: async () => told.onTaken(fan.describe()) });
  const { name, why } = chooseKind(config, sensorSource);
  if (name === "simulated") return telling(createSimulatedFan({ safeState: config.safeState, why }));
  if (name === "none" || !config.line) return telling(createAbsentFan(why));
  const gpiod = createGpiod();
  // Each is one object for the whole life, because a line of sysfs is opened once only.
  const drivers = { sysfs: createSysfs(clock), chardev: createChardev(clock, gpiod) };
  return createGpioFan({
    config: { ...config, line: config.line },
    async choose() {
      const places = { sysfs: SYSFS_GPIO, devices: "/dev" };
      const choice = chooseInterface(config, await lookForObstacles(places, gpiod, loadOnoff));
      return { ...choice, driver: drivers[choice.name] };
    },
    clock,
    ...told,
  });
}
