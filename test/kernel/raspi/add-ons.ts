import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../support/rig.ts";
import { cached } from "../qemu/cache.ts";
import { output } from "../qemu/command.ts";
import type { Entry } from "../qemu/initramfs.ts";
import { NODE_VERSION } from "./node.ts";

/** What an installation on a gateway builds, and where it puts it. */
const BUILT = {
  "i2c-bus": "node_modules/i2c-bus/build/Release/i2c.node",
  epoll: "node_modules/epoll/build/Release/epoll.node",
};
const PACKAGES = Object.keys(BUILT);
/** What they need to be built. */
const HEADERS = ["nan", "bindings"];
const CROSS = "aarch64-linux-gnu";
/** In the header of an ELF file. */
const MACHINE = { offset: 18, aarch64: 183 };

/**
 * The native add-ons as npm has them here, built for arm64 by Debian's cross compiler.
 * @param node folder of `arm64Node`
 * @returns them as files, by their paths in an installation
 */
export async function crossBuiltAddOns(node: string, say: (line: string) => void): Promise<Entry[]> {
  const versions = await Promise.all(PACKAGES.map(async (name) => `${name}-${await versionOf(name)}`));
  const folder = await cached(`add-ons-arm64_node-${NODE_VERSION}_${versions.join("_")}`, async (fresh) => {
    say("building the add-ons for arm64…");
    await build(fresh, node);
  });
  return Promise.all(
    Object.values(BUILT).map(async (path) => ({ path, content: await readFile(join(folder, path)) })),
  );
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(join(ROOT, "node_modules", name, "package.json"), "utf8");
  return String(Reflect.get(JSON.parse(text), "version"));
}

async function build(folder: string, node: string): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  for (const name of [...PACKAGES, ...HEADERS]) {
    const copy = join(folder, "node_modules", name);
    await cp(join(ROOT, "node_modules", name), copy, { recursive: true });
    await rm(join(copy, "build"), { recursive: true, force: true });
  }
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, "*"]));
  const allowScripts = Object.fromEntries(PACKAGES.map((name) => [name, true]));
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({ private: true, dependencies, allowScripts }),
  );
  await output("nice", ["-n", "19", "npm", "rebuild", ...PACKAGES], {
    cwd: folder,
    env: {
      CC: `${CROSS}-gcc`,
      CXX: `${CROSS}-g++`,
      npm_config_arch: "arm64",
      npm_config_nodedir: node,
    },
  });
  for (const path of Object.values(BUILT)) {
    const built = await readFile(join(folder, path));
    assert.equal(built.readUInt16LE(MACHINE.offset), MACHINE.aarch64, `${path} is for another processor`);
  }
}
