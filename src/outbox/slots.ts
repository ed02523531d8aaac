import { open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { writeFileAtomically } from "../lib/atomic-file.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { codeOf } from "./files.ts";

/**
 * A small text that is rewritten in place, in turn in one of two slots. So it needs no new block of a disk that is
 * full, costs one page of write and not a new file, and a torn write leaves the text before it.
 */
export interface Slots {
  /** The newest whole text; undefined if there is none. */
  text: string | undefined;
  /** True if a slot is damaged: `text` may then be older than the last one written. */
  isDamaged: boolean;
  /** What the file holds if it is none of ours; undefined if there is no file, or if it is. */
  foreign: string | undefined;
  /** With `sync`, resolves once it is on disk. Rejects with the error of the file system. One call at a time. */
  write(text: string, options: { sync: boolean }): Promise<void>;
}

/** Bytes of a slot: a page, so that no write can tear both. */
const SLOT = 4096;
/** Room for the text in bytes, after turn and checksum. */
export const SLOT_ROOM = SLOT - 32;

interface Found {
  turn: number;
  text: string;
}

/** Reads `file`, which need not exist. Rejects with the error of the file system. */
export async function openSlots(file: string): Promise<Slots> {
  const content = await readIfThere(file);
  const parts =
    content === undefined ? [] : [decode(content.subarray(0, SLOT)), decode(content.subarray(SLOT))];
  const found = parts.filter((part) => part !== undefined).sort((a, b) => b.turn - a.turn);
  let turn = found[0]?.turn ?? 0;
  let isInPlace = content?.length === 2 * SLOT && found.length > 0;

  return {
    text: found[0]?.text,
    isDamaged: content !== undefined && found.length < 2,
    foreign: found.length === 0 ? content?.toString() : undefined,
    async write(text, { sync }) {
      const slot = encode(turn + 1, text);
      if (isInPlace) {
        await overwrite(file, slot, ((turn + 1) % 2) * SLOT, sync);
      } else {
        await makeFolder(dirname(file));
        await writeFileAtomically(file, encode(turn, text) + slot);
        isInPlace = true;
      }
      turn += 1;
    },
  };
}

async function overwrite(file: string, slot: string, position: number, sync: boolean): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.write(slot, position);
    if (sync) await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** ASCII, padded with spaces to the length of a slot. */
function encode(turn: number, text: string): string {
  const line = `${turn} ${text}`;
  if (line.length > SLOT_ROOM) throw new RangeError(`text: ${text.length} characters do not fit in a slot`);
  return `${`${crc32(line).toString(16).padStart(8, "0")} ${line}`.padEnd(SLOT - 1)}\n`;
}

function decode(slot: Buffer): Found | undefined {
  const [, checksum = "", line = "", turn = "", text = ""] =
    /^([0-9a-f]{8}) ((\d+) (.*?)) *\n$/.exec(slot.toString("latin1")) ?? [];
  return text !== "" && Number.parseInt(checksum, 16) === crc32(line)
    ? { turn: Number(turn), text }
    : undefined;
}
