import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInitramfs, type Entry } from "./initramfs.ts";
import { collectModules } from "./modules.ts";

/** What a guest is made of. */
export interface GuestParts {
  /** Of an unpacked kernel package. */
  kernelFolder: string;
  modules: readonly string[];
  /** A statically linked one, for the guest's processor. */
  busybox: string;
  /** Script beside this file that defines `enter`: the way from the initramfs to /command, to its exit code. */
  enter: string;
  /** Shell script that the guest is for. */
  command: string;
  /** More files. */
  files?: readonly Entry[];
}

/** Sources, not what was built: the build knows nothing of shell scripts. */
const SCRIPTS = fileURLToPath(new URL("../../../../test/kernel/qemu/", import.meta.url));

/** Writes the initramfs of a guest into `folder` and resolves to its file. */
export async function writeInitramfs(parts: GuestParts, folder: string): Promise<string> {
  const modules = await collectModules(parts.kernelFolder, parts.modules);
  const entries: Entry[] = [
    { path: "init", content: await readFile(join(SCRIPTS, "init.sh")), executable: true },
    { path: "enter.sh", content: await readFile(join(SCRIPTS, parts.enter)) },
    { path: "command", content: parts.command },
    { path: "bin/busybox", content: await readFile(parts.busybox), executable: true },
    { path: "modules/order", content: modules.map(({ name }) => `${name}\n`).join("") },
    ...modules.map(({ name, content }) => ({ path: `modules/${name}.ko`, content })),
    ...(parts.files ?? []),
  ];
  const file = join(folder, "initramfs.cpio");
  await writeFile(file, createInitramfs(entries));
  return file;
}
