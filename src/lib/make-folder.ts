import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./atomic-file.ts";

/**
 * Makes a folder and those above it that are missing, for the owner alone. One level at a time, because Node's recursive
 * mkdir never ends below /proc (seen with Node 20). Rejects with the file system's error, ENOTDIR where a file stands.
 */
export async function makeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (found)
    throw Object.assign(new Error(`ENOTDIR: ${folder} is a file, not a folder`), { code: "ENOTDIR" });
  const parent = dirname(folder);
  if (parent !== folder) await makeFolder(parent);
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  // Until then a power cut may take the new folder, with all that was synced in it.
  await syncFolder(parent).catch(() => undefined);
}
