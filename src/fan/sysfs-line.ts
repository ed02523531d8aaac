import { access, constants, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { describeChip, findLine } from "./chips.ts";
import type { LineFacts, LineRequest } from "./driver.ts";
import { fanFailure, GROUP_REMEDY } from "./failure.ts";
import { lineText } from "./line.ts";
import { readSysfsChips } from "./sysfs-chips.ts";
import { usersOf } from "./sysfs-users.ts";

/** A line, and the number among all lines of the machine that this kernel has given it today. */
export interface NumberedLine {
  number: number;
  where: string;
}

/** udev gives the files of a new line to the group gpio only after they have appeared (raspberrypi/linux issue 553). */
const PERMISSION_DEADLINE = 2000;
const LOOK_EVERY = 20;

/** Where the line is in `folder`. Rejects with `FAN_FAILED`. */
export async function numberLine({ line, key }: LineRequest, folder: string): Promise<NumberedLine> {
  const { chip, offset } = findLine(line, await readSysfsChips(folder), key);
  const number = chip.base + offset;
  return { number, where: `${lineText(line)} is line ${offset} (number ${number}) of ${describeChip(chip)}` };
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

/**
 * The line as it is, exported or not. The direction of one that somebody has open is not asked for: hid-mcp2221 calls a
 * high output an input, and from then on the kernel refuses whoever would set it.
 */
export async function lookAtLine(request: LineRequest, folder: string): Promise<LineFacts> {
  const { number, where } = await numberLine(request, folder);
  const read = async (file: string) =>
    (await readFile(join(folder, `gpio${number}`, file), "utf8").catch(() => "")).trim();
  const activeLow = await read("active_low");
  if (activeLow === "") return { where, direction: undefined, on: undefined, consumer: undefined };
  const users = await usersOf(number);
  const [user] = users.found;
  const [value, direction] = await Promise.all([
    read("value"),
    // Only an input can have edges.
    user ? read("edge").then((edge) => (edge === "" || edge === "none" ? "out" : "in")) : read("direction"),
  ]);
  // The value is by the line's own setting, which may be another than the configured one.
  const isHigh = (value === "1") !== (activeLow === "1");
  return {
    where,
    direction: direction === "" ? undefined : direction === "out" ? "output" : "input",
    on: value === "" ? undefined : isHigh !== request.activeLow,
    consumer: user ?? "sysfs",
    users,
  };
}

/** Exports the line if it is not, and waits until its files may be used. Rejects with `FAN_FAILED`. */
export async function exportLine(
  { number, where }: NumberedLine,
  files: readonly string[],
  folder: string,
  clock: Clock,
): Promise<void> {
  const line = join(folder, `gpio${number}`);
  const isThere = () =>
    access(line).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    await writeFile(join(folder, "export"), String(number)).catch(async (error: unknown) => {
      if (!(await isThere())) throw refused(where, error);
    });
  }
  const end = clock.monotonic() + PERMISSION_DEADLINE;
  for (;;) {
    const denied = await Promise.all(
      files.map((file) => access(join(line, file), constants.R_OK | constants.W_OK)),
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

function codeOf(error: unknown): unknown {
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
