import { mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Apt, type Architecture, openApt } from "./apt.ts";
import { cached, cacheFolder } from "./cache.ts";
import { output } from "./command.ts";
import { Unavailable } from "./unavailable.ts";

/** Which Debian package: the newest whose name fits. */
export interface WantedPackage {
  name: RegExp;
  suite: string;
  architecture: Architecture;
}

/** A package as a folder of files: unpacked, never installed. */
export interface UnpackedPackage {
  folder: string;
  /** `name_version_architecture`. */
  label: string;
}

type Say = (line: string) => void;

const DAY = 86_400_000;

/** Like `unpackAll`, for one. */
export async function unpackNewest(wanted: WantedPackage, say: Say): Promise<UnpackedPackage> {
  const [unpacked] = await unpackAll([wanted], say);
  if (!unpacked) throw new Error(`${wanted.name} was not unpacked`);
  return unpacked;
}

/**
 * The newest package of each name, in their order, downloaded and unpacked if the cache does not have it; with it those
 * that it needs in exactly its version, because newer kernels are split over several. The mirror is asked once a day;
 * when it does not answer, an older one from the cache has to do. Rejects with Unavailable if there is none.
 */
export async function unpackAll(wanted: readonly WantedPackage[], say: Say): Promise<UnpackedPackage[]> {
  await mkdir(cacheFolder(), { recursive: true });
  const opened = new Map<string, Promise<Apt>>();
  const aptFor = ({ suite, architecture }: WantedPackage): Promise<Apt> => {
    const key = `${suite} ${architecture}`;
    const apt = opened.get(key) ?? openApt(suite, architecture);
    opened.set(key, apt);
    return apt;
  };
  try {
    const unpacked: UnpackedPackage[] = [];
    for (const one of wanted) unpacked.push(await unpack(one, () => aptFor(one), say));
    return unpacked;
  } finally {
    for (const apt of await Promise.allSettled(opened.values()))
      if (apt.status === "fulfilled") await apt.value.close();
  }
}

async function unpack(wanted: WantedPackage, open: () => Promise<Apt>, say: Say): Promise<UnpackedPackage> {
  const known = await newestCached(wanted);
  if (known && Date.now() - (await stat(known.folder)).mtimeMs < DAY) return known;
  try {
    return await download(wanted, await open(), say);
  } catch (error) {
    if (!known || !(error instanceof Unavailable)) throw error;
    say(`${error.message}; ${known.label} from the cache is used`);
    return known;
  }
}

async function newestCached(wanted: WantedPackage): Promise<UnpackedPackage | undefined> {
  const labels = (await readdir(cacheFolder())).filter((label) => {
    const [name = "", , architecture] = label.split("_");
    return wanted.name.test(name) && architecture === wanted.architecture;
  });
  const label = labels.sort(byVersion).at(-1);
  return label === undefined ? undefined : { folder: join(cacheFolder(), label), label };
}

async function download(wanted: WantedPackage, apt: Apt, say: Say): Promise<UnpackedPackage> {
  const names = (await apt.packageNames()).filter((name) => wanted.name.test(name));
  const name = names.sort(byVersion).at(-1);
  if (!name)
    throw new Unavailable(`${wanted.suite} has no package ${wanted.name} for ${wanted.architecture}`);
  const { version, parts } = await apt.describe(name);
  const label = `${name}_${version}_${wanted.architecture}`;
  const folder = await cached(label, async (fresh) => {
    say(`downloading ${label}…`);
    for (const part of [name, ...parts]) await output("dpkg-deb", ["-x", await apt.download(part), fresh]);
  });
  await utimes(folder, new Date(), new Date());
  return { folder, label };
}

/** Debian's versions as far as kernel names have them: numbers count as numbers. */
function byVersion(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
