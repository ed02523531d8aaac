import { output, programFile } from "./command.ts";
import { Unavailable } from "./unavailable.ts";

/** A program that a rig runs, and the Debian package that has it. */
export interface Tool {
  program: string;
  debianPackage: string;
}

/** What every QEMU rig needs besides its emulator. */
export const COMMON_TOOLS: readonly Tool[] = [
  { program: "xz", debianPackage: "xz-utils" },
  { program: "zstd", debianPackage: "zstd" },
  { program: "dpkg-deb", debianPackage: "dpkg" },
];

/** Why these programs cannot be had here; undefined if they are there, or can be installed. */
export function whyNoTools(tools: readonly Tool[]): string | undefined {
  const missing = missingOf(tools);
  if (missing.length === 0) return undefined;
  const names = missing.map(({ program }) => program).join(", ");
  const remedy = `install ${packagesOf(missing).join(" ")}`;
  if (!programFile("apt-get")) return `${names} missing, and this is no Debian: ${remedy}`;
  return process.getuid?.() === 0 ? undefined : `${names} missing: ${remedy}`;
}

/** Installs what is missing. Rejects with Unavailable if that cannot be. */
export async function installTools(tools: readonly Tool[], say: (line: string) => void): Promise<void> {
  const reason = whyNoTools(tools);
  if (reason) throw new Unavailable(reason);
  const packages = packagesOf(missingOf(tools));
  if (packages.length === 0) return;
  say(`installing ${packages.join(" ")}…`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages];
  try {
    await output("apt-get", ["update"], { env });
    await output("apt-get", install, { env });
  } catch (cause) {
    throw new Unavailable(`cannot install ${packages.join(" ")}: ${String(cause)}`, { cause });
  }
}

function missingOf(tools: readonly Tool[]): Tool[] {
  return tools.filter(({ program }) => !programFile(program));
}

function packagesOf(tools: readonly Tool[]): string[] {
  return [...new Set(tools.map(({ debianPackage }) => debianPackage))];
}
