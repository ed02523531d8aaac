import { chooseKind } from "./choose.ts";
import type { FanDriver, FeedbackKind, Pull, SafeState } from "./fan.ts";
import { gpioOf, isSameLine, type Line, lineText } from "./line.ts";

/** What the configuration says about the fan. Durations in milliseconds. */
export interface FanConfig {
  driver: "auto" | FanDriver;
  /** Undefined: the cave has no fan. */
  line: Line | undefined;
  /** A low level switches the fan on. */
  activeLow: boolean;
  safeState: SafeState;
  /** An input that shows whether the fan really runs. */
  feedbackLine: Line | undefined;
  feedbackKind: FeedbackKind;
  /** A low level means that it runs. */
  feedbackActiveLow: boolean;
  feedbackPull: Pull;
  /** Longest from a command until the feedback agrees: as long as the fan takes to start, and to run down. */
  feedbackWithin: number;
}

/** What no single key shows to be wrong, one a line, each beginning with the key that is to be changed. */
export function fanProblems(fan: FanConfig): string[] {
  const { driver, line, feedbackLine, feedbackPull } = fan;
  const problems: string[] = [];
  if ((driver === "sysfs" || driver === "chardev") && !line) {
    problems.push(`fan.driver: must not be "${driver}" without a line: set fan.line`);
  }
  if (driver === "none" && line) {
    problems.push('fan.driver: must not be "none" with a line: leave it out, or empty fan.line');
  }
  if (feedbackLine && !line) problems.push("fan.feedbackLine: there is no fan to watch: set fan.line too");
  if (feedbackLine && line && isSameLine(line, feedbackLine)) {
    const value = JSON.stringify(lineText(feedbackLine));
    problems.push(`fan.feedbackLine: must be another line than fan.line: value was ${value}`);
  }
  if (feedbackLine && driver === "sysfs" && feedbackPull !== "as-is") {
    problems.push(`fan.feedbackPull: must be "as-is": /sys/class/gpio cannot set a resistor`);
  }
  return problems;
}

/** SDA and SCL of the buses that a Raspberry Pi's header has, by their Broadcom numbers (pinout of the 40-pin header). */
const I2C_LINES: ReadonlyMap<number, readonly [sda: number, scl: number]> = new Map([
  [0, [0, 1]],
  [1, [2, 3]],
]);

/** Lines of the fan that the sensor's bus needs, one a line as above. Of other chips than the Pi's own nothing is known. */
export function busLineProblems(fan: FanConfig, sensor: { source: string; bus: number }): string[] {
  const wires = sensor.source === "simulated" ? undefined : I2C_LINES.get(sensor.bus);
  if (!wires || chooseKind(fan, sensor.source).name !== "gpio") return [];
  return (["line", "feedbackLine"] as const).flatMap((key) => {
    const line = fan[key];
    const wire = line ? wires.indexOf(gpioOf(line) ?? -1) : -1;
    if (!line || wire < 0) return [];
    const name = wire === 0 ? "SDA" : "SCL";
    return [
      `fan.${key}: must not be ${name} of I2C bus ${sensor.bus}, which the sensor needs: value was ${JSON.stringify(lineText(line))}; connect it to another line, such as "GPIO17", and name that`,
    ];
  });
}
