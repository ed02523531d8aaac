import { renameSync, writeFileSync } from "node:fs";

/**
 * Replaces a file in one step, readable by its owner alone: a reader sees the old or the new content whole. Its folder
 * must exist: one that was taken away is not made again.
 */
export function writeFileAtomically(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}
