import type { File, Files } from "./files.ts";
import { encodeFrame, FRAME_HEADER, type Frame, type Record } from "./frame.ts";
import { encodeHeader, encodeSeal, HEADER_BYTES } from "./header.ts";
import { frameOf, type Image, type Scan } from "./image.ts";
import { createRanges, type Range, type Ranges } from "./ranges.ts";

/** A segment file, open or not. */
export interface Segment {
  /** Grows by one with each: their order. */
  number: number;
  path: string;
  /** Of the file. */
  bytes: number;
  /** The sequences that are to be read from here. */
  held: Ranges;
  /** Running time of its newest entry, seconds. */
  time: number;
  /** Where its sequences lie, while it could not be read since the start: nothing more is known of it, and no more held. */
  unread?: Range;
}

/** The one segment that is being written. Its image stays in memory: what was written last needs no reading back. */
export interface Writer {
  segment: Segment;
  fits(record: Record): boolean;
  find(sequence: number): Frame | undefined;
  /** All that is to be read from here, oldest first. */
  records(): Iterable<Record>;
  /** Appends. Rejects with the error of the file system; then nothing more may be written here. */
  write(record: Record): Promise<void>;
  /** Rejects with the error of fdatasync(2); then nothing more may be written here: the kernel forgets that it failed. */
  sync(): Promise<void>;
  /** What a power cut would take, oldest first. */
  unsynced(): Record[];
  unsyncedBytes(): number;
  /** After a last sync: writes down what it holds, for a quick start. */
  seal(): Promise<void>;
  /** Never rejects: what matters has been synced before. */
  close(): Promise<void>;
}

/** Creates a segment at its full size, so that an append changes no metadata: a quarter of the bytes to the device. */
export async function createSegment(
  files: Files,
  folder: string,
  place: { number: number; path: string; bytes: number; first: number },
): Promise<Writer> {
  const { number, path, bytes, first } = place;
  const image = Buffer.alloc(bytes);
  encodeHeader(first).copy(image);
  const file = await files.open(path, "wx+");
  try {
    await file.write(image, 0);
    await file.datasync();
    await files.syncFolder(folder);
  } catch (error) {
    await file.close().catch(() => undefined);
    await files.remove(path).catch(() => undefined);
    throw error;
  }
  const segment: Segment = { number, path, bytes, held: createRanges(), time: 0 };
  return createWriter(segment, file, { bytes: image, sequences: [], offsets: [] }, HEADER_BYTES, 0);
}

/** Goes on with a segment of an earlier run, whose frames `scan` has found. */
export async function resumeSegment(files: Files, segment: Segment, scan: Scan): Promise<Writer> {
  const file = await files.open(segment.path, "r+");
  const ordinal = scan.sequences.length;
  return createWriter(segment, file, scan, scan.end, ordinal);
}

function createWriter(
  segment: Segment,
  file: File,
  image: Image,
  start: number,
  firstOrdinal: number,
): Writer {
  let end = start;
  let ordinal = firstOrdinal;
  let synced = { end: start, count: image.sequences.length };

  return {
    segment,
    fits: ({ body }) => end + FRAME_HEADER + body.length <= image.bytes.length,
    find: (sequence) => frameOf(image, sequence),
    *records() {
      for (const sequence of image.sequences) {
        const frame = segment.held.has(sequence) && frameOf(image, sequence);
        if (frame) yield frame;
      }
    },
    async write(record) {
      const frame = encodeFrame(record, ordinal);
      await file.write(frame, end);
      frame.copy(image.bytes, end);
      image.sequences.push(record.sequence);
      image.offsets.push(end);
      end += frame.length;
      ordinal += 1;
      segment.held.add(record.sequence);
      segment.time = Math.max(segment.time, record.time);
    },
    async sync() {
      if (end === synced.end) return;
      await file.datasync();
      synced = { end, count: image.sequences.length };
    },
    unsynced: () => image.sequences.slice(synced.count).flatMap((sequence) => frameOf(image, sequence) ?? []),
    unsyncedBytes: () => end - synced.end,
    async seal() {
      const seal = encodeSeal({ ranges: [...segment.held.list()], time: segment.time });
      if (seal) await file.write(seal.bytes, seal.at);
    },
    close: () => file.close().catch(() => undefined),
  };
}
