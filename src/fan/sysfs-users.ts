import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** Which processes have an exported line open. */
export interface LineUsers {
  /** `process 1234 (node)` */
  found: readonly string[];
  /** False: there may be more, of other users or outside of this container, that may not be looked into. */
  isComplete: boolean;
}

/**
 * /sys/class/gpio does not tell who uses a line, and lets everybody in the group write all of them. But who switches one
 * has its `value` open, as onoff does, and `processes` shows that (proc_pid_fd(5)). Never rejects.
 */
export async function usersOf(number: number, processes = "/proc"): Promise<LineUsers> {
  // By its end, because a container sees the same line in another place.
  const value = `/gpio${number}/value`;
  const ids = (await namesIn(processes)).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    ids.map(async (id) => {
      const files = join(processes, id, "fd");
      const names = await Promise.all((await namesIn(files)).map((file) => targetOf(join(files, file))));
      if (!names.some((name) => name.endsWith(value))) return [];
      const name = await readFile(join(processes, id, "comm"), "utf8").catch(() => "");
      return [`process ${id} (${name.trim()})`];
    }),
  );
  // Who may follow a link of the first process may follow those of all.
  return { found: found.flat(), isComplete: (await targetOf(join(processes, "1", "root"))) !== "" };
}

/** None of a process that has ended, or may not be looked into. */
const namesIn = (folder: string) => readdir(folder).catch((): string[] => []);
const targetOf = (file: string) => readlink(file).catch(() => "");
