import { readFile } from "node:fs/promises";
import { writeFileAtomically } from "./atomic-file.ts";
import { createTurn } from "./turn.ts";
import { FREE, type WriteRight } from "./write-right.ts";

/** One small piece of state that outlives the process, as JSON in a file of its own. */
export interface StateFile<T> {
  /** What was written last; undefined if there is none or it cannot be understood. */
  read(): Promise<T | undefined>;
  /** Replaces it, atomically. Writes of the same content are spared; a failure is told once and does not throw. */
  write(value: T): Promise<void>;
}

/**
 * `parse` turns what is in the file into a value, or undefined if it is not one. `onFault` hears of an unreadable file
 * and of the first of several failed writes: such state is a convenience, its loss must not stop the cave. `right` is asked before
 * each write.
 */
export function createStateFile<T>(
  file: string,
  parse: (content: unknown) => T | undefined,
  onFault: (error: unknown) => void,
  right: WriteRight = FREE,
): StateFile<T> {
  const turn = createTurn();
  let written: string | undefined;
  let failing = false;

  async function save(value: T): Promise<void> {
    const text = JSON.stringify(value);
    if (text === written) return;
    try {
      await right.take();
      await writeFileAtomically(file, `${text}\n`);
      written = text;
      failing = false;
    } catch (error) {
      if (!failing) onFault(error);
      failing = true;
    }
  }

  return {
    async read() {
      try {
        return parse(JSON.parse(await readFile(file, "utf8")));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) onFault(error);
        return undefined;
      }
    },
    write: (value) => turn(() => save(value)),
  };
}
