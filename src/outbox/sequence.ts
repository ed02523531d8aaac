import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError, messageOf } from "../errors.ts";
import { writeFileAtomically } from "../lib/atomic-file.ts";

/** Numbers 1, 2, 3 … that never repeat and never go back, whatever happens to the process. */
export interface Sequence {
  /** Rejects with an AgentError (`SEQUENCE_UNWRITABLE`) if no more numbers can be reserved; none is lost by that. */
  next(): Promise<number>;
}

/** Numbers reserved by one write. After a restart the rest of a block stays unused: a gap is harmless, a double not. */
const DEFAULT_BLOCK = 100;

/**
 * Numbers that go on where `file` says. A block of them is on disk as reserved before the first of it is given out, so
 * even kill -9 repeats none, and an SD card sees one small write for `block` samples. A missing file starts at 1.
 * Rejects with an AgentError, `SEQUENCE_CORRUPT` or `SEQUENCE_UNREADABLE`, rather than start again at 1: the cloud
 * would drop new samples as doubles of old ones.
 */
export async function openSequence(file: string, block: number = DEFAULT_BLOCK): Promise<Sequence> {
  if (!Number.isSafeInteger(block) || block < 1)
    throw new RangeError(`block: ${block} is no whole number ≥ 1`);
  let reserved = await readReserved(file);
  let last = reserved;
  let queue: Promise<unknown> = Promise.resolve();

  async function take(): Promise<number> {
    if (last === reserved) {
      await reserve(file, last + block);
      reserved = last + block;
    }
    last += 1;
    return last;
  }

  return {
    next() {
      // One after the other, also after a failure: two reservations at once would give numbers twice.
      const taken = queue.then(take, take);
      queue = taken;
      return taken;
    },
  };
}

async function reserve(file: string, upTo: number): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFileAtomically(file, `${JSON.stringify({ reserved: upTo })}\n`);
  } catch (cause) {
    throw new AgentError(`cannot reserve sequence numbers in ${file}: ${messageOf(cause)}`, {
      code: "SEQUENCE_UNWRITABLE",
      retryable: true,
      remedy: `Make room on the disk and let the agent's user write to ${dirname(file)}.`,
      cause,
    });
  }
}

async function readReserved(file: string): Promise<number> {
  const text = await readText(file);
  if (text === undefined) return 0;
  const reserved = parseReserved(text);
  if (reserved !== undefined) return reserved;
  throw new AgentError(`${file} does not hold {"reserved": <whole number>}`, {
    code: "SEQUENCE_CORRUPT",
    retryable: false,
    remedy:
      `Write {"reserved": N} into ${file}, N being at least the highest sequence number that the cloud ` +
      "has received from this gateway, and start the agent again.",
  });
}

/** Undefined if there is no such file. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new AgentError(`cannot read the sequence file ${file}: ${messageOf(cause)}`, {
      code: "SEQUENCE_UNREADABLE",
      retryable: false,
      remedy: `Make ${file} a plain file that the agent's user may read and write.`,
      cause,
    });
  }
}

function parseReserved(text: string): number | undefined {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content !== "object" || content === null || !("reserved" in content)) return undefined;
    const { reserved } = content;
    return typeof reserved === "number" && Number.isSafeInteger(reserved) && reserved >= 0
      ? reserved
      : undefined;
  } catch {
    return undefined;
  }
}
