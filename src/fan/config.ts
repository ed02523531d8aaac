import type { FanDriver, FeedbackKind, Pull, SafeState } from "./fan.ts";
import { type Line, lineText } from "./line.ts";

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
  if (feedbackLine && !line) problems.push("fan.feedbackLine: there is no fan to watch: set fan.line too");
  if (feedbackLine && line && lineText(line) === lineText(feedbackLine)) {
    problems.push("fan.feedbackLine: must be another line than fan.line");
  }
  if (feedbackLine && driver === "sysfs" && feedbackPull !== "as-is") {
    problems.push(`fan.feedbackPull: must be "as-is": /sys/class/gpio cannot set a resistor`);
  }
  return problems;
}
