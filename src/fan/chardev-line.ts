import type { AgentError } from "../errors.ts";
import { fanFailure } from "./failure.ts";
import type { ToolLine } from "./gpiod-syntax.ts";

/** A line as the tools name it, and in words. */
export interface ChardevLine {
  tool: ToolLine;
  /** The chip's. */
  label: string;
  where: string;
}

export function takenBy(consumer: string, { where }: Pick<ChardevLine, "where">): AgentError {
  if (consumer === "sysfs") {
    return fanFailure(
      `${where}; it is exported in /sys/class/gpio`,
      "write its number to /sys/class/gpio/unexport",
    );
  }
  return fanFailure(`${where}; ${consumer} has it`, `stop ${consumer}, or use another line`);
}
