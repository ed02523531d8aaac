import type { Clock } from "../lib/clock.ts";
import type { Debtor } from "../lib/patience.ts";
import { createChardev } from "./chardev.ts";
import { takenBy } from "./chardev-line.ts";
import { type Choice, chooseInterface, chooseKind, type InterfaceName } from "./choose.ts";
import type { FanConfig } from "./config.ts";
import type { GpioDriver, LineFacts, LineRequest } from "./driver.ts";
import { createGpiod } from "./gpiod.ts";
import { type GpioPlaces, lookForObstacles } from "./obstacles.ts";
import { loadOnoff } from "./onoff-gpio.ts";
import { createSysfs } from "./sysfs.ts";
import type { ToolPath } from "./tool.ts";

/** What a fan would find on this machine. */
export type Inspection =
  | Choice<"simulated" | "none">
  | (Choice<InterfaceName> & {
      fan: LineFacts;
      /** Undefined if none is configured. */
      feedback: LineFacts | undefined;
    });

export interface InspectParts {
  sensorSource: string;
  clock: Clock;
  places: GpioPlaces;
  tools: ToolPath;
}

/**
 * For whoever looks again and again. A chip that hangs holds a thread for each look: one of them leaves the others to the
 * disk, the sensor and the fan, which may hang at the same chip.
 */
export const GPIO_CHIP: Debtor = {
  atATime: 1,
  code: "FAN_FAILED",
  awaiting: "the GPIO chip of the fan's lines",
  remedy: "check the chip's cable and bus; the line is looked at again once it answers",
};

/** Milliseconds; longer than any of libgpiod's tools takes. */
export const LONGEST_LOOK = 4500;

/** Whom the kernel names where a line is the agent's own. libgpiod 1 cannot be told another name. */
const OWN = ["cave-agent", "gpioset", "gpiomon"];

/** Looks at the configured lines, and changes none. Rejects with `FAN_FAILED`: what the agent would stumble over. */
export async function inspectFan(config: FanConfig, parts: InspectParts): Promise<Inspection> {
  const { clock, places, tools } = parts;
  const kind = chooseKind(config, parts.sensorSource);
  if (kind.name !== "gpio") return kind;
  const gpiod = createGpiod(tools);
  const choice = chooseInterface(config, await lookForObstacles(places, gpiod, loadOnoff));
  const chardev = createChardev(clock, gpiod, undefined, places.sysfs);
  const drivers = { sysfs: createSysfs(clock, places.sysfs), chardev };

  async function look(request: LineRequest): Promise<LineFacts> {
    const facts = await drivers[choice.name].look(request);
    if (facts.users) return facts;
    const consumer = facts.consumer ?? (await consumerOf(chardev, request));
    const own = choice.name === "chardev" ? OWN : [];
    if (consumer !== undefined && !own.includes(consumer)) throw takenBy(consumer, facts);
    return { ...facts, consumer };
  }

  const fan = await look({ line: kind.line, key: "fan.line", activeLow: config.activeLow });
  const { feedbackLine, feedbackActiveLow } = config;
  const key = "fan.feedbackLine";
  const feedback = feedbackLine && (await look({ line: feedbackLine, key, activeLow: feedbackActiveLow }));
  return { ...choice, fan, feedback };
}

/** A line that is not exported may be held through the other interface, which tells by whom, if its tools are there. */
function consumerOf(chardev: GpioDriver, request: LineRequest): Promise<string | undefined> {
  return chardev.look(request).then(
    ({ consumer }) => consumer,
    () => undefined,
  );
}
