import { decodeFrame, type Frame, findFrame, knownFrame } from "./frame.ts";
import { HEADER_BYTES } from "./header.ts";
import type { Range } from "./ranges.ts";

/** A segment in memory: its bytes, and where each entry stands in them. */
export interface Image {
  bytes: Buffer;
  /** Ascending. */
  sequences: number[];
  /** Of the frames, in the order of `sequences`. */
  offsets: number[];
}

/** What a look at every byte of a segment has found. */
export interface Scan extends Image {
  /** Offset after the last frame. */
  end: number;
  /** Running time of the newest entry, seconds. */
  time: number;
  /** Entries that were there once, as far as can be told; the sequences are right unless a restart fell among them. */
  lost: Range[];
  /** True if something stands after the last frame, or between two, that is no frame. */
  isDamaged: boolean;
}

/**
 * Finds the frames in `bytes`. Damage costs what it touches: after it, the search goes on with the next frame whose
 * checksum is right. `first` is the sequence of the first entry, if known.
 */
export function scanImage(bytes: Buffer, first: number | undefined): Scan {
  const scan: Scan = {
    bytes,
    sequences: [],
    offsets: [],
    end: HEADER_BYTES,
    time: 0,
    lost: [],
    isDamaged: false,
  };
  let ordinal = 0;
  for (let at = nextFrame(scan); at !== undefined; at = nextFrame(scan)) {
    const frame = knownFrame(bytes, at);
    const missing = frame.ordinal - ordinal;
    if (missing > 0) scan.lost.push(lostBefore(frame, missing, scan.sequences.at(-1) ?? (first ?? 0) - 1));
    scan.sequences.push(frame.sequence);
    scan.offsets.push(at);
    scan.end = frame.end;
    scan.time = frame.time;
    ordinal = frame.ordinal + 1;
  }
  if (!isEmpty(bytes.subarray(scan.end))) {
    scan.isDamaged = true;
    const next = scan.sequences.at(-1) ?? (first ?? 0) - 1;
    if (next >= 0) scan.lost.push({ first: next + 1, last: next + 1 });
  }
  return scan;
}

/** `last` is the one before the gap, -1 if that is unknown. */
function lostBefore(frame: Frame, missing: number, last: number): Range {
  const from = last < 0 ? frame.sequence - missing : last + 1;
  return { first: from, last: Math.max(from, Math.min(from + missing, frame.sequence) - 1) };
}

/** The frame of `sequence`. */
export function frameOf(image: Image, sequence: number): Frame | undefined {
  const { sequences } = image;
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sequences[middle] ?? 0) < sequence) low = middle + 1;
    else high = middle;
  }
  const offset = sequences[low] === sequence ? image.offsets[low] : undefined;
  return offset === undefined ? undefined : knownFrame(image.bytes, offset);
}

/** The sequences of an image as ranges. */
export function* rangesOf({ sequences }: Image): Generator<Range> {
  for (let index = 0; index < sequences.length; ) {
    const first = sequences[index] ?? 0;
    let last = first;
    while (sequences[index + 1] === last + 1) {
      last += 1;
      index += 1;
    }
    index += 1;
    yield { first, last };
  }
}

function nextFrame(scan: Scan): number | undefined {
  const last = scan.sequences.at(-1) ?? 0;
  const frame = decodeFrame(scan.bytes, scan.end);
  if (frame && frame.sequence > last) return scan.end;
  const found = findFrame(scan.bytes, scan.end, last);
  if (found !== undefined) scan.isDamaged = true;
  return found;
}

const ZEROS = Buffer.alloc(64 * 1024);

function isEmpty(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (!part.equals(ZEROS.subarray(0, part.length))) return false;
  }
  return true;
}
