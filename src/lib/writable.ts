import { randomUUID } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The lowest folder of this path, or else file, that is there. */
export async function existingPart(directory: string): Promise<string> {
  let folder = directory;
  while (folder !== dirname(folder) && !(await stat(folder).catch(() => undefined))) folder = dirname(folder);
  return folder;
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
