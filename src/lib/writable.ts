import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The lowest folder of this path, or else file, that is there. */
export async function existingPart(directory: string): Promise<string> {
  let folder = directory;
  while (folder !== dirname(folder) && !(await stat(folder).catch(() => undefined))) folder = dirname(folder);
  return folder;
}

/** One name, so that what a killed process has left is removed by the next, and does not pile up. */
const TRIAL = ".cave-agent-trial";

/**
 * Resolves once the disk of `folder` has answered to a name that is made there and removed, and be it that this cannot
 * be. For what Node does to a folder within a call, in the thread that runs all else: to bind a Unix socket, and to
 * remove its name when it is closed. A disk that hangs keeps one of libuv's threads instead.
 */
export async function answersToWrites(folder: string): Promise<void> {
  const file = join(folder, TRIAL);
  const made = await open(file, "wx", 0o600).catch(() => undefined);
  await made?.close().catch(() => undefined);
  await rm(file, { force: true }).catch(() => undefined);
}

/** Rejects with the error of the file system. A look at the rights would not show a full or failing disk. */
export async function tryToWrite(folder: string): Promise<void> {
  const file = join(folder, `.cave-agent-${randomUUID()}`);
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile("a trial\n");
    await handle.sync();
  } finally {
    await handle.close();
    await rm(file, { force: true });
  }
}
