import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, FleetError, messageOf, usageError } from "./errors.ts";

/**
 * Makes a folder and those above it that are missing, each for the owner alone; one that is there stays as it is.
 * One level at a time: Node 20's recursive mkdir never ends in a folder that can hold none, such as /proc.
 * @param option the option that named the folder, for the message
 * @throws FleetError USAGE where a file stands, FOLDER_UNUSABLE
 */
export async function makeFolder(folder: string, option: string): Promise<void> {
  if (await isFolder(folder, option)) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolder(parent, option);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (cause) {
    // Somebody else may have been quicker.
    if (codeOf(cause) === "EEXIST" && (await isFolder(folder, option))) return;
    throw new FleetError(`cannot make the folder ${folder}: ${messageOf(cause)}`, {
      code: "FOLDER_UNUSABLE",
      remedy: `name a folder that you may write to with ${option}`,
      cause,
    });
  }
}

async function isFolder(path: string, option: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw usageError(`${path} is a file, not a folder`, `name another folder with ${option}`);
  }
  return found !== undefined;
}
