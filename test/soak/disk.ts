import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { defer, type Scope } from "../support/cleanup.ts";
import { temporaryDirectory } from "../support/pki.ts";

/** A disk of its own: what reaches the device of a whole machine says nothing of one process. */
export interface Disk {
  /** Bytes that have reached the device since it was made, all caches written. */
  written(): number;
}

/** Mounts a fresh ext4 on a loop device at `folder`. Rejects where that cannot be done, as without root. */
export async function mountDisk(t: Scope, folder: string): Promise<Disk> {
  const image = join(await temporaryDirectory(t), "device.img");
  mkdirSync(folder, { recursive: true });
  run("truncate", "-s", "64m", image);
  // Without lazy initialisation, which would go on in the background and be counted.
  run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image);
  run("mount", "-o", "loop,noatime", image, folder);
  defer(t, () => void run("umount", "--lazy", folder));
  const device = basename(run("findmnt", "-n", "-o", "SOURCE", folder).trim());
  const written = () => {
    run("sync", "-f", folder);
    // Seventh field: sectors of 512 bytes written (kernel documentation, block/stat).
    const stat = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
    return Number(stat[6]) * 512;
  };
  const before = written();
  return { written: () => written() - before };
}

function run(program: string, ...words: string[]): string {
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
