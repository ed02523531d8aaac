import { codeOf, type File, type Files } from "./files.ts";
import { decodeHeader, HEADER_BYTES, type Header } from "./header.ts";
import { type Scan, scanImage } from "./image.ts";

/** Of the files in the folder of the outbox, these are segments; the number gives their order. */
const NAME = /^(\d{16})\.segment$/;

/** Of a segment, unless something else is asked for. */
export const SEGMENT_BYTES = 1024 * 1024;

/** The part of a file that is given up when the disk cannot read it. */
const SECTOR = 4096;

export function segmentName(number: number): string {
  return `${String(number).padStart(16, "0")}.segment`;
}

/** Undefined if `name` is not the name of a segment. */
export function segmentNumber(name: string): number | undefined {
  const number = NAME.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Header and size, without a look at the entries. Rejects with an AgentError, `OUTBOX_NEWER_FORMAT`. */
export async function loadHeader(files: Files, path: string): Promise<Header & { bytes: number }> {
  return withFile(files, path, async (file) => {
    const bytes = await file.size();
    const header = await readSalvaging(file, Math.min(bytes, HEADER_BYTES));
    return { ...decodeHeader(header, path), bytes };
  });
}

/** A whole segment. One that has vanished counts as one in which nothing can be read. */
export async function loadSegment(files: Files, path: string): Promise<Scan> {
  try {
    const bytes = await withFile(files, path, async (file) => readSalvaging(file, await file.size()));
    const { first } = decodeHeader(bytes.subarray(0, HEADER_BYTES), path);
    return scanImage(bytes, first);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return scanImage(Buffer.alloc(HEADER_BYTES), undefined);
  }
}

/** Zeros stand for what the disk cannot read (EIO): the checksums tell which entries that harms. */
async function readSalvaging(file: File, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size);
  if (await isReadable(file, buffer, 0)) return buffer;
  for (let at = 0; at < size; at += SECTOR) {
    const part = buffer.subarray(at, at + SECTOR);
    if (!(await isReadable(file, part, at))) part.fill(0);
  }
  return buffer;
}

async function isReadable(file: File, buffer: Buffer, position: number): Promise<boolean> {
  try {
    await file.read(buffer, position);
    return true;
  } catch (error) {
    if (codeOf(error) === "EIO") return false;
    throw error;
  }
}

async function withFile<T>(files: Files, path: string, work: (file: File) => Promise<T>): Promise<T> {
  const file = await files.open(path, "r");
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
