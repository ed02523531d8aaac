import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are missing, for the owner alone; true if it was not there. One level at a
 * time, because Node's recursive mkdir never ends below /proc (seen with Node 20).
 */
export function makeFolder(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return false;
  if (found) throw new Error(`${folder} is a file, not a folder`);
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
  return true;
}
