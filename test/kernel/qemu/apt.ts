import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { output } from "./command.ts";
import { Unavailable } from "./unavailable.ts";

/** As Debian names them. */
export type Architecture = "amd64" | "arm64";

/** An apt of our own: what it downloads is never installed, and this machine's apt knows nothing of it. */
export interface Apt {
  /** Names of all packages that the suite has. */
  packageNames(): Promise<string[]>;
  /** The newest version of a package, such as `6.12.117-1`, and those that it needs in exactly this version. */
  describe(name: string): Promise<{ version: string; parts: string[] }>;
  /** Downloads a package into the private folder and resolves to its file, `name_version_architecture.deb`. */
  download(name: string): Promise<string>;
  /** Removes the private folder. */
  close(): Promise<void>;
}

/**
 * Opens a suite such as `trixie-security`, for any architecture, from the mirror that this machine's own apt uses.
 * Rejects with Unavailable if there is no such mirror or it does not answer.
 */
export async function openApt(suite: string, architecture: Architecture): Promise<Apt> {
  const mirror = await mirrorOf(suite);
  const folder = await mkdtemp(join(tmpdir(), "cave-apt-"));
  const close = () => rm(folder, { recursive: true, force: true });
  const apt = async (program: string, words: string[]) =>
    output(program, words, { cwd: folder, env: { APT_CONFIG: join(folder, "apt.conf") } });
  try {
    await configure(folder, `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`, architecture);
    await apt("apt-get", ["update", "--error-on=any"]);
  } catch (cause) {
    await close();
    throw new Unavailable(`the package lists of ${suite} cannot be had: ${String(cause)}`, { cause });
  }
  return {
    packageNames: async () => (await apt("apt-cache", ["pkgnames"])).split("\n").filter(Boolean),
    async describe(name) {
      const text = await apt("apt-cache", ["show", "--no-all-versions", `${name}:${architecture}`]);
      const full = /^Version: (\S+)$/m.exec(text)?.[1];
      if (!full) throw new Error(`apt-cache gives no version of ${name}`);
      const needs = /^Depends: (.*)$/m.exec(text)?.[1]?.split(", ") ?? [];
      const exact = needs.filter((need) => need.endsWith(` (= ${full})`));
      return { version: full.replace(/^\d+:/, ""), parts: exact.map((need) => need.split(" ")[0] ?? "") };
    },
    async download(name) {
      try {
        await apt("apt-get", ["download", `${name}:${architecture}`]);
      } catch (cause) {
        throw new Unavailable(`${name} cannot be downloaded: ${String(cause)}`, { cause });
      }
      const file = (await readdir(folder)).find((entry) => entry.startsWith(`${name}_`));
      if (!file) throw new Error(`apt-get downloaded no ${name}`);
      return join(folder, file);
    },
    close,
  };
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

async function configure(folder: string, sources: string, architecture: Architecture): Promise<void> {
  const path = (name: string) => join(folder, name);
  await mkdir(path("lists/partial"), { recursive: true });
  await mkdir(path("archives/partial"), { recursive: true });
  await writeFile(path("sources.list"), sources);
  await writeFile(path("status"), "");
  // Proxies and the like of this machine stay in force: its own apt.conf is read too.
  await writeFile(
    path("apt.conf"),
    `Dir::Etc::sourcelist "${path("sources.list")}";
Dir::Etc::sourceparts "/dev/null";
Dir::State "${folder}";
Dir::State::lists "${path("lists")}";
Dir::State::status "${path("status")}";
Dir::Cache "${folder}";
Dir::Cache::archives "${path("archives")}";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
`,
  );
}

/** The mirror for security updates has an address of its own. */
async function mirrorOf(suite: string): Promise<string> {
  const format = "$(REPO_URI) $(RELEASE)";
  const words = ["indextargets", "--no-release-info", "--format", format, "Created-By: Packages"];
  const listing = await output("apt-get", words).catch((cause: unknown) => {
    throw new Unavailable(`this machine's apt does not name its mirrors: ${String(cause)}`, { cause });
  });
  const known = listing.split("\n").map((line) => line.split(" "));
  const isSecurity = (release = "") => release.endsWith("-security");
  const found = known.find(([uri, release]) => uri && isSecurity(release) === isSecurity(suite));
  if (found?.[0]) return found[0];
  throw new Unavailable(`this machine's apt has no mirror for ${suite}; is it a Debian?`);
}
