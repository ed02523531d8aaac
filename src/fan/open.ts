import type { Clock } from "../lib/clock.ts";
import { createAbsentFan } from "./absent.ts";
import { createChardev } from "./chardev.ts";
import { chooseInterface, chooseKind } from "./choose.ts";
import type { FanConfig } from "./config.ts";
import type { Fan } from "./fan.ts";
import { createGpioFan, type GpioFanParts } from "./gpio-fan.ts";
import { createGpiod } from "./gpiod.ts";
import { keepsOutputs } from "./kept-outputs.ts";
import { type GpioPlaces, LINUX_GPIO, lookForObstacles } from "./obstacles.ts";
import { loadOnoff } from "./onoff-gpio.ts";
import { createSimulatedFan } from "./simulated.ts";
import { createSysfs } from "./sysfs.ts";
import type { ToolPath } from "./tool.ts";

/** What a fan needs of the rest of the agent. */
export interface FanParts extends Pick<GpioFanParts, "onTaken" | "onFault" | "onRecovered"> {
  clock: Clock;
  /** `sensor.source`. */
  sensorSource: string;
  /** Where the machine shows its GPIO, and has libgpiod's tools; left out: where they are. */
  places?: GpioPlaces;
  tools?: ToolPath;
  /** False: the feedback is left alone, and has its say only in which interface is used. */
  isWatched?: boolean;
}

/** The configured fan. This does no I/O; its `open` does. */
export function openFan(config: FanConfig, parts: FanParts): Fan {
  const { sensorSource, clock, places = LINUX_GPIO, tools, isWatched = true, ...told } = parts;
  const telling = (fan: Fan): Fan => ({ ...fan, open: async () => told.onTaken(fan.describe()) });
  const kind = chooseKind(config, sensorSource);
  const { why } = kind;
  if (kind.name === "simulated") return telling(createSimulatedFan({ safeState: config.safeState, why }));
  if (kind.name === "none") return telling(createAbsentFan(why));
  const gpiod = createGpiod(tools);
  // Each is one object for the whole life, because a line of sysfs is opened once only.
  const drivers = {
    sysfs: createSysfs(clock, places.sysfs),
    chardev: createChardev(clock, gpiod, keepsOutputs, places.sysfs),
  };
  return createGpioFan({
    config: { ...config, line: kind.line, ...(!isWatched && { feedbackLine: undefined }) },
    async choose() {
      const choice = chooseInterface(config, await lookForObstacles(places, gpiod, loadOnoff));
      return { ...choice, driver: drivers[choice.name] };
    },
    clock,
    ...told,
  });
}
