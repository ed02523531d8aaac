import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces the content of `file`: whoever reads it, now or after a power cut, finds the old text or the new, never a
 * part. Resolves once the new text is on disk. One writer at a time: two would share the temporary file beside it.
 * Rejects with the error of the file system; `file` is then as it was.
 */
export async function writeFileAtomically(file: string, text: string, mode = 0o600): Promise<void> {
  // A fixed name, so that what a killed writer left behind is overwritten and does not pile up.
  const temporary = `${file}.tmp`;
  try {
    await withFile(await open(temporary, "w", mode), async (handle) => {
      await handle.writeFile(text);
      await handle.sync();
    });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(file));
}

/**
 * Resolves once new, renamed and removed names in `folder` are on disk: a sync of the file alone does not do it
 * (fsync(2)). Windows cannot open folders and needs no such thing. Rejects with the error of the file system.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  await withFile(await open(folder, "r"), (handle) => handle.sync());
}

async function withFile(handle: FileHandle, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
