import { readFile } from "node:fs/promises";
import { writeFileAtomically } from "./atomic-file.ts";
import { ENDLESS, type Patience, READ } from "./patience.ts";
import { createTurn } from "./turn.ts";
import { FREE, type WriteRight } from "./write-right.ts";

/** One small piece of state that outlives the process, as JSON in a file of its own. */
export interface StateFile<T> {
  /** What was written last; undefined if there is none or it cannot be understood. */
  read(): Promise<T | undefined>;
  /** Replaces it, atomically. Writes of the same content are spared; a failure is told once and does not throw. */
  write(value: T): Promise<void>;
}

/** One that remembers what it could not write. */
export interface RetriedStateFile<T> extends StateFile<T> {
  /** Writes that, if there is anything. */
  writeAgain(): Promise<void>;
}

/** What becomes of the file. */
export interface StateFileListener {
  /** It cannot be read, or not be written: of several failed writes the first. */
  onFault: (error: unknown) => void;
  /** It was written, after such a fault. */
  onWritten?: () => void;
}

/**
 * `parse` turns what is in the file into a value, or undefined if it is not one. Faults are told and not thrown: such
 * state is a convenience, its loss must not stop the cave. `right` is asked before
 * each write. With `patience` neither a read nor a write lasts for ever.
 */
export function createStateFile<T>(
  file: string,
  parse: (content: unknown) => T | undefined,
  { onFault, onWritten = () => undefined }: StateFileListener,
  right: WriteRight = FREE,
  patience: Patience = ENDLESS,
): RetriedStateFile<T> {
  const turn = createTurn();
  let written: string | undefined;
  /** What could not be written. */
  let unwritten: { value: T } | undefined;
  let isFaulty = false;

  function tellFault(error: unknown): void {
    isFaulty = true;
    onFault(error);
  }

  async function save(value: T): Promise<void> {
    const text = JSON.stringify(value);
    if (text === written && !unwritten) return;
    try {
      await right.take();
      await patience(() => writeFileAtomically(file, `${text}\n`));
      written = text;
      unwritten = undefined;
      if (isFaulty) onWritten();
      isFaulty = false;
    } catch (error) {
      if (!unwritten) tellFault(error);
      unwritten = { value };
    }
  }

  return {
    async read() {
      try {
        return parse(JSON.parse(await patience(() => readFile(file, "utf8"), READ)));
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) tellFault(error);
        return undefined;
      }
    },
    write: (value) => turn(() => save(value)),
    writeAgain: () =>
      turn(async () => {
        if (unwritten) await save(unwritten.value);
      }),
  };
}
