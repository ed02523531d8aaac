import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Entry } from "../qemu/initramfs.ts";
import { unpackAll } from "../qemu/packages.ts";

const LIBRARIES = "lib/aarch64-linux-gnu";

/** What the guest has of Debian 13: by package, the libraries that Node and the tools need, and the tools themselves. */
const PACKAGES: readonly { name: RegExp; libraries?: readonly string[]; tools?: readonly string[] }[] = [
  { name: /^libc6$/, libraries: ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"] },
  { name: /^libgcc-s1$/, libraries: ["libgcc_s.so.1"] },
  { name: /^libstdc\+\+6$/, libraries: ["libstdc++.so.6"] },
  { name: /^libgpiod3$/, libraries: ["libgpiod.so.3"] },
  { name: /^libcap-ng0$/, libraries: ["libcap-ng.so.0"] },
  { name: /^gpiod$/, tools: ["gpiodetect", "gpioget", "gpioinfo", "gpiomon", "gpioset"] },
  { name: /^util-linux$/, tools: ["setpriv"] },
];
const LOADER = { name: "ld-linux-aarch64.so.1", folder: `usr/${LIBRARIES}` };

/** A small Debian for arm64, as files by their paths. Rejects with Unavailable if there are no packages to be had. */
export async function userland(say: (line: string) => void): Promise<{ busybox: string; files: Entry[] }> {
  const wanted = [...PACKAGES.map(({ name }) => name), /^busybox-static$/].map((name) => ({
    name,
    suite: "trixie",
    architecture: "arm64" as const,
  }));
  const unpacked = await unpackAll(wanted, say);
  const folders = unpacked.map(({ folder }) => folder);
  const files: Entry[] = [];
  for (const [index, { libraries = [], tools = [] }] of PACKAGES.entries()) {
    const folder = folders[index] ?? "";
    for (const name of libraries) files.push(await file(join(folder, "usr", LIBRARIES), name, LIBRARIES));
    for (const name of tools) files.push(await file(join(folder, "usr", "bin"), name, "usr/bin"));
  }
  // The kernel looks for it where every program says that it is, which is a link in Debian.
  files.push(await file(join(folders[0] ?? "", LOADER.folder), LOADER.name, "lib"));
  return { busybox: join(folders.at(-1) ?? "", "usr", "bin", "busybox"), files };
}

async function file(from: string, name: string, to: string): Promise<Entry> {
  return { path: join(to, name), content: await readFile(join(from, name)), executable: true };
}
