import { fanFailure } from "../fan/failure.ts";
import { type InspectParts, inspectFan } from "../fan/inspect.ts";
import { type Line, lineText } from "../fan/line.ts";
import { drivenLevel } from "../fan/sysfs-files.ts";
import { numberLine } from "../fan/sysfs-line.ts";
import type { FanChoice } from "./fan-choice.ts";

/** Whether others use a line where the kernel would not refuse it: /sys/class/gpio lets everybody write. */
export interface Holder {
  /** `process 1234 (node), on GPIO17,` */
  name?: string;
  /** Why somebody may though nobody is seen to. */
  doubt?: string;
}

/** Rejects with `FAN_FAILED` for a line that was named and is somebody's input: no trial has left it so. */
export async function holderOf(
  { fan, sensorSource }: FanChoice,
  isNamed: boolean,
  parts: Omit<InspectParts, "sensorSource">,
): Promise<Holder> {
  // What cannot be looked at is told when it is to be switched.
  const found = await inspectFan(fan, { ...parts, sensorSource }).catch(() => undefined);
  if (!fan.line || !found || !("fan" in found) || !found.fan.users) return {};
  const { where, users } = found.fan;
  const line = lineText(fan.line);
  if (users.found.length > 0) return { name: `${users.found.join(", ")}, on ${line},` };
  if (isNamed && (await isInput(fan.line, parts))) {
    throw fanFailure(
      `${where}; it is exported in /sys/class/gpio, as an input`,
      "use another line, or unexport it if nobody reads it",
    );
  }
  if (users.isComplete) return {};
  return {
    doubt: `whether another user's program has ${line} cannot be told: sudo cave-agent fan status tells`,
  };
}

/** Of an exported line that nobody has open. What cannot be read is told when it is to be switched. */
async function isInput(
  line: Line,
  { places, clock }: Pick<InspectParts, "places" | "clock">,
): Promise<boolean> {
  try {
    const numbered = await numberLine({ line, key: "fan.line" }, places.sysfs);
    return (await drivenLevel(numbered, places.sysfs, clock)) === undefined;
  } catch {
    return false;
  }
}
