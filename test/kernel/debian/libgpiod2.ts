import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unpackAll, type WantedPackage } from "../qemu/packages.ts";

const PROGRAMS = ["gpiodetect", "gpioget", "gpioinfo", "gpiomon", "gpioset"];
const LIBRARIES = "usr/lib/x86_64-linux-gnu";
/** Debian 13's, with the C library that they were built for. */
const PACKAGES: readonly WantedPackage[] = [/^gpiod$/, /^libgpiod3$/, /^libc6$/].map((name) => ({
  name,
  suite: "trixie",
  architecture: "amd64",
}));

/** The packages, downloaded if need be. Rejects with Unavailable if they are not to be had. */
export function unpackLibgpiod2(say: (line: string) => void) {
  return unpackAll(PACKAGES, say);
}

/**
 * Puts the tools of libgpiod 2 into a new folder below `folder`, and resolves to it. A machine with Debian 12 has those
 * of libgpiod 1, which speak the character device's first ABI: the newest kernels have it no more (GPIO_CDEV_V1).
 */
export async function installLibgpiod2(folder: string): Promise<string> {
  const [tools, library, libc] = (await unpackLibgpiod2(() => undefined)).map((unpacked) => unpacked.folder);
  if (!tools || !library || !libc) throw new Error("not all packages were unpacked");
  const libraries = [library, libc].map((each) => join(each, LIBRARIES));
  const loader = join(libc, LIBRARIES, "ld-linux-x86-64.so.2");
  const bin = join(folder, "libgpiod2");
  await mkdir(bin);
  for (const name of PROGRAMS) {
    const start = `${loader} --library-path ${libraries.join(":")} ${join(tools, "usr", "bin", name)}`;
    await writeFile(join(bin, name), `#!/bin/sh\nexec ${start} "$@"\n`, { mode: 0o755 });
  }
  return bin;
}
