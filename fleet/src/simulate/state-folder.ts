import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { usageError } from "../errors.ts";
import { makeFolder } from "../folder.ts";

/** What a local cloud or a simulation leaves in its state folder: one of these is enough to know it by. */
const LEFT_BEHIND = new Set(["state.json", "endpoints.json", "lock", "tls", "caves"]);

/**
 * Makes the state folder, or makes sure that the one that is there is one: what belongs to somebody else is not written
 * to. The throw-away certificates may lie in it.
 * @throws FleetError USAGE, naming the folder, or FOLDER_UNUSABLE
 */
export async function checkStateFolder(folder: string, certificateFolder: string): Promise<void> {
  await makeFolder(folder, "--state");
  const names = await readdir(folder);
  const foreign = names.filter((name) => join(folder, name) !== certificateFolder);
  if (foreign.length === 0 || foreign.some((name) => LEFT_BEHIND.has(name))) return;
  throw usageError(
    `${folder} is not empty, and no state folder of a local cloud`,
    "name an empty or a new folder with --state",
  );
}
