/**
 * Loaded into an agent before its own code (`node --import`): its disk fails as one does that loses what it was given.
 * For as long as the file `failures` in the folder FAULT_FOLDER holds a number above 0, each fdatasync(2) of a segment
 * counts it down, takes with it what was written since the last one, and says EIO. A segment that is synced again after
 * that is noted in the file `again`.
 */
import { appendFileSync, existsSync, readFileSync, readlinkSync, writeFileSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

const { FAULT_FOLDER: folder = "" } = process.env;
const failures = join(folder, "failures");

interface Written {
  length: number;
  position: number;
}

const unsynced = new WeakMap<FileHandle, Written[]>();
const failed = new Set<string>();

const probe = await open(process.execPath, "r");
const prototype: Pick<FileHandle, "write" | "datasync"> = Object.getPrototypeOf(probe);
await probe.close();
const { write, datasync } = prototype;

Reflect.set(prototype, "write", function (this: FileHandle, ...words: [Buffer, number, number, number]) {
  const [, , length, position] = words;
  unsynced.set(this, [...(unsynced.get(this) ?? []), { length, position }]);
  return Reflect.apply(write, this, words);
});

Reflect.set(prototype, "datasync", async function (this: FileHandle) {
  const file = readlinkSync(`/proc/self/fd/${this.fd}`);
  if (!file.endsWith(".segment")) return Reflect.apply(datasync, this, []);
  if (failed.has(file)) appendFileSync(join(folder, "again"), `${file}\n`);
  const left = existsSync(failures) ? Number(readFileSync(failures, "utf8")) : 0;
  const lost = unsynced.get(this) ?? [];
  unsynced.delete(this);
  if (left === 0) return Reflect.apply(datasync, this, []);
  writeFileSync(failures, String(left - 1));
  failed.add(file);
  for (const { length, position } of lost) writeSync(this.fd, Buffer.alloc(length), 0, length, position);
  throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO", syscall: "fdatasync" });
});
