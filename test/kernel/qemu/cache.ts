import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** What the rigs download or build: KERNEL_RIG_CACHE, or a folder in the user's cache. It may be removed at any time. */
export function cacheFolder(): string {
  const { KERNEL_RIG_CACHE: wanted, XDG_CACHE_HOME: caches } = process.env;
  if (wanted) return wanted;
  const home = homedir();
  return join(caches || (home ? join(home, ".cache") : tmpdir()), "cave-agent", "packages");
}

/**
 * The folder `label` of the cache; if it is not there yet, `fill` makes what is in it. Another run may do the same at
 * this moment: whoever is first has done it for both, and nobody sees a folder that is half full.
 */
export async function cached(label: string, fill: (folder: string) => Promise<unknown>): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, label);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, "unfinished-"));
  try {
    await fill(fresh);
    await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return folder;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
