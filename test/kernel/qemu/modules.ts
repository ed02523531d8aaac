import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { outputBytes } from "./command.ts";

/** A kernel module, unpacked. */
export interface KernelModule {
  /** As the kernel says it: `hid_mcp2221`. */
  name: string;
  content: Buffer;
}

/**
 * The modules named and all that they need, each after those it needs; what is built into the kernel is left out.
 * @param folder of an unpacked kernel package
 * @throws if the kernel has no such module
 */
export async function collectModules(folder: string, wanted: readonly string[]): Promise<KernelModule[]> {
  const root = await modulesFolder(folder);
  const files = await moduleFiles(root);
  const builtIn = new Set((await readFile(join(root, "modules.builtin"), "utf8")).split("\n").map(nameOf));
  const collected = new Map<string, KernelModule>();

  async function collect(name: string): Promise<void> {
    if (collected.has(name) || builtIn.has(name)) return;
    const file = files.get(name);
    if (!file) throw new Error(`the kernel in ${folder} has no module ${name}`);
    const content = file.endsWith(".xz") ? await outputBytes("xz", ["-dc", file]) : await readFile(file);
    for (const needed of needsOf(content)) await collect(needed);
    collected.set(name, { name, content });
  }

  for (const name of wanted) await collect(nameOf(name));
  return [...collected.values()];
}

async function modulesFolder(folder: string): Promise<string> {
  const parent = join(folder, "usr", "lib", "modules");
  const [release] = await readdir(parent);
  if (!release) throw new Error(`${parent} is empty`);
  return join(parent, release);
}

async function moduleFiles(root: string): Promise<Map<string, string>> {
  const entries = await readdir(join(root, "kernel"), { recursive: true });
  const files = entries.filter((entry) => /\.ko(\.xz)?$/.test(entry));
  return new Map(files.map((file) => [nameOf(file), join(root, "kernel", file)]));
}

/** The kernel knows no difference between "-" and "_" in the name of a module. */
function nameOf(file: string): string {
  return basename(file)
    .replace(/\.ko(\.xz)?$/, "")
    .replaceAll("-", "_");
}

/** `depends=` in the section .modinfo: strings, each ended by a zero byte. */
function needsOf(content: Buffer): string[] {
  const found = /\0depends=([^\0]*)\0/.exec(content.toString("latin1"))?.[1];
  return found ? found.split(",").map(nameOf) : [];
}
