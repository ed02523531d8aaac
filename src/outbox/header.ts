import { crc32 } from "node:zlib";
import { AgentError } from "../errors.ts";
import { readSequence, writeSequence } from "./frame.ts";
import type { Range } from "./ranges.ts";

/** The format that this version writes; it reads all up to it. */
export const FORMAT_VERSION = 1;

/** Bytes before the first frame: a page of its own, so that the seal does not touch a page with entries. */
export const HEADER_BYTES = 4096;

/** What a full segment says about itself, so that opening it needs one small read and no scan. */
export interface Seal {
  /** Sequences that it holds. */
  ranges: Range[];
  /** Running time of the newest, seconds. */
  time: number;
}

export interface Header {
  /** Sequence of its first entry; undefined if this part is damaged. */
  first: number | undefined;
  /** Undefined if it was never sealed, or if this part is damaged. */
  seal: Seal | undefined;
}

/** These 16 bytes stay the same in every version to come: name, version u32, CRC-32 u32 over both. */
const MAGIC = Buffer.from("CAVEOBX\n");
const VERSION_AT = 8;
const VERSION_CRC_AT = 12;
const FIRST_AT = 16;
const FIRST_CRC_AT = 24;
const SEAL_AT = 512;

/** The begin of a segment whose first entry is `first`. */
export function encodeHeader(first: number): Buffer {
  const header = Buffer.alloc(FIRST_CRC_AT + 4);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT_VERSION, VERSION_AT);
  header.writeUInt32LE(crc32(header.subarray(0, VERSION_CRC_AT)), VERSION_CRC_AT);
  writeSequence(header, first, FIRST_AT);
  header.writeUInt32LE(crc32(header.subarray(FIRST_AT, FIRST_CRC_AT)), FIRST_CRC_AT);
  return header;
}

/** What to write at which offset; undefined if there are too many gaps for the room: then it stays without. */
export function encodeSeal(seal: Seal): { bytes: Buffer; at: number } | undefined {
  const ranges = seal.ranges.map(({ first, last }) => [first, last]);
  const text = Buffer.from(JSON.stringify({ ranges, time: seal.time }));
  if (SEAL_AT + 8 + text.length > HEADER_BYTES) return undefined;
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(crc32(text), 4);
  return { bytes: Buffer.concat([prefix, text]), at: SEAL_AT };
}

/**
 * Reads the first `HEADER_BYTES` of a segment. A damaged header is no reason to give the entries up: each of them says
 * what it is. Throws an AgentError, `OUTBOX_NEWER_FORMAT`, if a later version of the agent wrote `file`.
 */
export function decodeHeader(bytes: Buffer, file: string): Header {
  if (bytes.length < HEADER_BYTES) return { first: undefined, seal: undefined };
  const isOurs = bytes.subarray(0, MAGIC.length).equals(MAGIC);
  if (isOurs && crc32(bytes.subarray(0, VERSION_CRC_AT)) === bytes.readUInt32LE(VERSION_CRC_AT)) {
    refuseNewer(bytes.readUInt32LE(VERSION_AT), file);
  }
  const isFirstGood =
    crc32(bytes.subarray(FIRST_AT, FIRST_CRC_AT)) === bytes.readUInt32LE(FIRST_CRC_AT) && isOurs;
  return { first: isFirstGood ? readSequence(bytes, FIRST_AT) : undefined, seal: decodeSeal(bytes) };
}

function refuseNewer(version: number, file: string): void {
  if (version <= FORMAT_VERSION) return;
  throw new AgentError(
    `${file} has format version ${version}; this version of cave-agent reads up to ${FORMAT_VERSION}`,
    {
      code: "OUTBOX_NEWER_FORMAT",
      retryable: false,
      remedy:
        "Install the version of cave-agent that wrote it, or a later one; or, to give up what waits in it, " +
        "move the file elsewhere. It was left as it is.",
    },
  );
}

/** What the checksum confirms, we wrote: no doubt about its shape. */
function decodeSeal(bytes: Buffer): Seal | undefined {
  const start = SEAL_AT + 8;
  const end = start + bytes.readUInt32LE(SEAL_AT);
  if (end === start || end > bytes.length) return undefined;
  const text = bytes.subarray(start, end);
  if (crc32(text) !== bytes.readUInt32LE(SEAL_AT + 4)) return undefined;
  const { ranges, time } = JSON.parse(text.toString()) as { ranges: [number, number][]; time: number };
  return { ranges: ranges.map(([first, last]) => ({ first, last })), time };
}
