import { fanFailure } from "../fan/failure.ts";
import { type InspectParts, inspectFan } from "../fan/inspect.ts";
import { lineText } from "../fan/line.ts";
import type { FanChoice } from "./fan-choice.ts";

/**
 * Who has the line where the kernel would not refuse it: /sys/class/gpio lets everybody write. Undefined if nobody is
 * known to. Rejects with `FAN_FAILED` for a line that was named and is somebody's input: no trial has left it so.
 */
export async function holderOf(
  { fan, sensorSource }: FanChoice,
  isNamed: boolean,
  parts: Omit<InspectParts, "sensorSource">,
): Promise<string | undefined> {
  // What cannot be looked at is told when it is to be switched.
  const found = await inspectFan(fan, { ...parts, sensorSource }).catch(() => undefined);
  if (!fan.line || !found || !("fan" in found) || found.name !== "sysfs") return undefined;
  const { where, consumer, direction } = found.fan;
  if (consumer === "cave-agent") return `another agent, on ${lineText(fan.line)},`;
  if (isNamed && consumer !== undefined && direction === "input") {
    throw fanFailure(
      `${where}; it is exported in /sys/class/gpio, as an input`,
      "use another line, or unexport it if nobody reads it",
    );
  }
  return undefined;
}
