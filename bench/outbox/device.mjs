// A fresh ext4 on a loop device, and how many bytes have reached that device.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export const canMount = process.platform === "linux" && process.getuid() === 0;

/** Bytes that `work` brings to the device of the folder it is given, until all caches are written. */
export async function deviceBytes(folder, work) {
  const image = join(folder, "device.img");
  const mount = join(folder, "mount");
  mkdirSync(mount, { recursive: true });
  execFileSync("truncate", ["-s", "512m", image]);
  // Without lazy initialisation, which would go on in the background and be counted.
  execFileSync("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  execFileSync("mount", ["-o", "loop,noatime", image, mount]);
  try {
    const source = execFileSync("findmnt", ["-n", "-o", "SOURCE", mount]).toString().trim();
    const written = () => {
      execFileSync("sync", ["-f", mount]);
      // Seventh field: sectors of 512 bytes written (kernel documentation, block/stat).
      return (
        Number(
          readFileSync(`/sys/block/${basename(source)}/stat`, "utf8")
            .trim()
            .split(/\s+/)[6],
        ) * 512
      );
    };
    const before = written();
    const result = await work(join(mount, "store"));
    return { ...result, deviceBytes: written() - before };
  } finally {
    execFileSync("umount", [mount]);
  }
}
