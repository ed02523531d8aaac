import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { ROOT } from "../../support/rig.ts";
import { output } from "../qemu/command.ts";
import type { Entry } from "../qemu/initramfs.ts";

/** What Node reads: neither declarations nor source maps, nor what was compiled for this machine. */
const READ_BY_NODE = /\.([cm]?js|json)$/;
const OWN = ["bin", "config", "dist"];

/** The agent as npm installs it on a gateway, without its native add-ons: files by their paths in the installation. */
export async function agentFiles(): Promise<Entry[]> {
  const words = ["ls", "--all", "--parseable", "--omit=dev", "--workspaces=false", "--loglevel=error"];
  const installed = (await output("npm", words, { cwd: ROOT })).split("\n").filter(Boolean);
  const packages = installed.map((folder) => relative(ROOT, folder)).filter((path) => path !== "");
  const files = await Promise.all([...OWN, ...packages].map(filesIn));
  const paths = ["package.json", ...files.flat().filter((path) => READ_BY_NODE.test(path))];
  return readAll(paths);
}

/** Of a package: those of packages within it are listed by themselves. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true });
  const nested = entries.map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesIn(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}

async function readAll(paths: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  // One after the other: there are thousands, and a process may have only so many open.
  for (const path of paths) entries.push({ path, content: await readFile(join(ROOT, path)) });
  return entries;
}
