import { randomUUID } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../../errors.ts";
import type { ConfiguredCheck, Finding } from "./check.ts";

const MIB = 2 ** 20;
/** Below this the outbox will soon have to drop samples; below the second nothing can be kept at all. */
const LOW = 64 * MIB;
const NONE = 4 * MIB;

export const diskCheck: ConfiguredCheck = {
  id: "disk",
  title: "state directory",
  needs: ["state.directory"],
  look: ({ config }) => lookAtDisk(config.state.directory),
};

/** Whether what the agent has to keep can be written to `directory`, and for how long there is room. */
export async function lookAtDisk(directory: string): Promise<Finding> {
  const folder = await existingPart(directory);
  const isThere = folder === directory;
  try {
    await tryToWrite(folder);
  } catch (error) {
    return {
      result: "failed",
      detail: `${isThere ? "" : `${directory} cannot be made: `}${await reasonAgainst(folder, error)}`,
      remedy: `make ${directory} a folder that belongs to the agent's user, on a disk that is not read-only`,
    };
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${isThere ? "" : `${directory} will be made: `}${folder} can be written, ${Math.floor(free / MIB)} MiB free`;
  if (free >= LOW) return { result: "ok", detail };
  return { result: free < NONE ? "failed" : "warning", detail, remedy: "make room on the disk" };
}

/** The lowest folder of this path, or else file, that is there. */
export async function existingPart(directory: string): Promise<string> {
  let folder = directory;
  while (folder !== dirname(folder) && !(await stat(folder).catch(() => undefined))) folder = dirname(folder);
  return folder;
}

async function reasonAgainst(folder: string, error: unknown): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found && !found.isDirectory()) return `${folder} is a file, not a folder`;
  return `${folder} cannot be written: ${messageOf(error)}`;
}

/** A look at the rights would not show a full or failing disk. */
export async function tryToWrite(folder: string): Promise<void> {
  const file = join(folder, `.doctor-${randomUUID()}`);
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile("doctor\n");
    await handle.sync();
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}
