import { readFile } from "node:fs/promises";

/** Resident memory of a process in MiB (proc(5), VmRSS), or undefined where there is no /proc. */
async function residentMemory(pid: number): Promise<number | undefined> {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
  } catch {
    return undefined;
  }
}

/** The mean over those that could be read, to a tenth of a MiB; null if none could. */
export async function meanMemory(pids: number[]): Promise<number | null> {
  const known = (await Promise.all(pids.map(residentMemory))).filter((value) => value !== undefined);
  if (known.length === 0) return null;
  return Math.round((known.reduce((sum, value) => sum + value, 0) / known.length) * 10) / 10;
}
