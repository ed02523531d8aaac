import { crc32 } from "node:zlib";

/** One entry as it lies on disk or waits in memory for it. */
export interface Record {
  sequence: number;
  urgent: boolean;
  /** Seconds of running time when it was taken, 0 to 2³²−1: see `age` in segments.ts. */
  time: number;
  /** The payload as JSON. */
  body: Buffer;
}

/** A record and its place in an image of a segment. */
export interface Frame extends Record {
  /** 0 for the first frame of a segment, then one more each: a jump shows how many are missing. */
  ordinal: number;
  /** Offset of the byte after it. */
  end: number;
}

/**
 * Little endian: marker u16, flags u16 (bit 0 urgent), length u32 of the body, sequence u64, ordinal u32, time u32,
 * CRC-32 u32 over what stands before it and the body; then the body.
 */
export const FRAME_HEADER = 28;

/** 0xFE is in no UTF-8 text, so no body can hold what looks like the begin of a frame: resynchronising is safe. */
const MARKER = Buffer.from([0xfe, 0xca]);
const CRC_AT = FRAME_HEADER - 4;
const URGENT = 1;
const WORD = 2 ** 32;

export function encodeFrame({ sequence, urgent, time, body }: Record, ordinal: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER + body.length);
  MARKER.copy(frame);
  frame.writeUInt16LE(urgent ? URGENT : 0, 2);
  frame.writeUInt32LE(body.length, 4);
  writeSequence(frame, sequence, 8);
  frame.writeUInt32LE(ordinal, 16);
  frame.writeUInt32LE(time, 20);
  frame.writeUInt32LE(crc32(body, crc32(frame.subarray(0, CRC_AT))), CRC_AT);
  body.copy(frame, FRAME_HEADER);
  return frame;
}

/** The whole and unharmed frame at `offset`; its body is a view of `image`. */
export function decodeFrame(image: Buffer, offset: number): Frame | undefined {
  const start = offset + FRAME_HEADER;
  if (start > image.length || image[offset] !== MARKER[0] || image[offset + 1] !== MARKER[1])
    return undefined;
  const end = start + image.readUInt32LE(offset + 4);
  if (end > image.length) return undefined;
  const crc = crc32(image.subarray(start, end), crc32(image.subarray(offset, offset + CRC_AT)));
  return crc === image.readUInt32LE(offset + CRC_AT) ? knownFrame(image, offset) : undefined;
}

/** The frame at `offset`, which `decodeFrame` has found there before. */
export function knownFrame(image: Buffer, offset: number): Frame {
  const start = offset + FRAME_HEADER;
  const end = start + image.readUInt32LE(offset + 4);
  return {
    sequence: readSequence(image, offset + 8),
    urgent: (image.readUInt16LE(offset + 2) & URGENT) !== 0,
    time: image.readUInt32LE(offset + 20),
    ordinal: image.readUInt32LE(offset + 16),
    body: image.subarray(start, end),
    end,
  };
}

/** Where the next frame at or after `offset` begins, whatever lies between. */
export function findFrame(image: Buffer, offset: number, above: number): number | undefined {
  for (let at = image.indexOf(MARKER, offset); at >= 0; at = image.indexOf(MARKER, at + 1)) {
    const frame = decodeFrame(image, at);
    if (frame && frame.sequence > above) return at;
  }
  return undefined;
}

/** Two words: numbers up to 2⁵³−1 without BigInt. */
export function writeSequence(buffer: Buffer, sequence: number, offset: number): void {
  buffer.writeUInt32LE(sequence % WORD, offset);
  buffer.writeUInt32LE(Math.floor(sequence / WORD), offset + 4);
}

export function readSequence(buffer: Buffer, offset: number): number {
  return buffer.readUInt32LE(offset) + buffer.readUInt32LE(offset + 4) * WORD;
}
