import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { type ChardevLine, takenBy } from "./chardev-line.ts";
import type { LineRequest } from "./driver.ts";
import { fanFailure } from "./failure.ts";
import { codeOf, unexportStrictly } from "./sysfs-export.ts";
import { drivenLevel } from "./sysfs-files.ts";
import { type NumberedLine, numberLine } from "./sysfs-line.ts";
import { usersOf } from "./sysfs-users.ts";

/**
 * Takes a line away from /sys/class/gpio, where an agent that was killed, or a trial, has left it exported. Resolves to the
 * level on the pad that it drove, undefined for an input; nobody drives it then. Rejects with `FAN_FAILED` if somebody is
 * seen to have it open, or it may not be unexported.
 */
export async function takeExported(
  request: LineRequest,
  line: ChardevLine,
  { folder, clock }: { folder: string; clock: Clock },
): Promise<boolean | undefined> {
  const numbered = await numberLine(request, folder).catch(() => {
    throw takenBy("sysfs", line);
  });
  const { found } = await usersOf(numbered.number);
  if (found.length > 0) throw takenBy(found.join(", "), line);
  try {
    const level = await drivenLevel(numbered, folder, clock);
    await unexport(numbered, folder);
    return level;
  } catch (error) {
    throw fanFailure(
      `${line.where}; it is exported in /sys/class/gpio, and cannot be taken from there: ${messageOf(error)}`,
      `run echo ${numbered.number} | sudo tee /sys/class/gpio/unexport`,
      error,
    );
  }
}

/** `EINVAL`: somebody has done so before. */
async function unexport(line: NumberedLine, folder: string): Promise<void> {
  await unexportStrictly(line, folder).catch((error: unknown) => {
    if (codeOf(error) !== "EINVAL") throw error;
  });
}
