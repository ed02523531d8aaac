import { access, constants, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { inKernel } from "../lib/in-kernel.ts";
import { fanFailure, GROUP_REMEDY } from "./failure.ts";
import type { NumberedLine } from "./sysfs-line.ts";

/** udev gives the files of a new line to the group gpio only after they have appeared (raspberrypi/linux issue 553). */
const PERMISSION_DEADLINE = 2000;
const LOOK_EVERY = 20;

/** Exports the line if it is not. Resolves to whether it did; rejects with `FAN_FAILED`. */
export async function exportLine({ number, where }: NumberedLine, folder: string): Promise<boolean> {
  const isThere = () =>
    access(join(folder, `gpio${number}`)).then(
      () => true,
      () => false,
    );
  if (await isThere()) return false;
  try {
    await inKernel(writeFile(join(folder, "export"), String(number)));
    return true;
  } catch (error) {
    if (await isThere()) return false;
    throw refused(where, error);
  }
}

/** Gives an exported line back. Never rejects: somebody may have done so before. */
export async function unexportLine(line: NumberedLine, folder: string): Promise<void> {
  await unexportStrictly(line, folder).catch(() => undefined);
}

/** Rejects with the kernel's reason. */
export function unexportStrictly({ number }: NumberedLine, folder: string): Promise<void> {
  return inKernel(writeFile(join(folder, "unexport"), String(number)));
}

/** Waits until `files` of an exported line may be used. Rejects with `FAN_FAILED`. */
export async function untilUsable(
  { number, where }: NumberedLine,
  files: readonly string[],
  folder: string,
  clock: Clock,
): Promise<void> {
  const end = clock.monotonic() + PERMISSION_DEADLINE;
  for (;;) {
    const denied = await Promise.all(
      files.map((file) => access(join(folder, `gpio${number}`, file), constants.R_OK | constants.W_OK)),
    ).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (denied === undefined) return;
    if (clock.monotonic() >= end) {
      throw fanFailure(`${where}; its files may not be used: ${messageOf(denied)}`, GROUP_REMEDY, denied);
    }
    await clock.sleep(LOOK_EVERY);
  }
}

/** Rejects with `FAN_FAILED` if the line has no interrupts: the kernel shows no `edge` then (gpio_is_visible). */
export async function checkEvents(line: NumberedLine, key: string, folder: string): Promise<void> {
  await access(join(folder, `gpio${line.number}`, "edge")).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") throw noEvents(line, key);
  });
}

export function noEvents({ where }: NumberedLine, key: string): AgentError {
  return fanFailure(`${where}; it gives no events`, `set ${key} to a line that has interrupts`);
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function refused(where: string, error: unknown): Error {
  const code = codeOf(error);
  if (code === "EBUSY") {
    return fanFailure(
      `${where}; another program or a driver of the kernel has it`,
      "run gpioinfo to see who, and stop that, or use another line",
      error,
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return fanFailure(`${where}; this user may not export it`, GROUP_REMEDY, error);
  }
  return fanFailure(
    `${where}; it cannot be exported: ${messageOf(error)}`,
    'use another line, or fan.driver = "chardev"',
    error,
  );
}
