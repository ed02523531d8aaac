import { join } from "node:path";
import { isAgentError } from "../errors.ts";
import type { Recovered } from "./disk.ts";
import type { Files } from "./files.ts";
import { FRAME_HEADER } from "./frame.ts";
import type { Header } from "./header.ts";
import { rangesOf, type Scan } from "./image.ts";
import { loadHeader, loadSegment, SEGMENT_BYTES, segmentNumber } from "./load.ts";
import { createRanges, type Ranges } from "./ranges.ts";
import type { Segment } from "./writer.ts";

export interface RecoveredSegments extends Recovered {
  /** Oldest first. */
  found: Segment[];
  /** Those of them that cannot be read, and why. */
  faults: { file: string; error: unknown }[];
  /** The newest, if it can be written on. */
  resume: { segment: Segment; scan: Scan } | undefined;
}

/**
 * Finds the segments in `folder`, and what is in them, and changes nothing. A sealed segment costs one small read, one
 * that is not sealed a look at every byte. All headers come first: if one file is of a newer format, none is used. A file
 * that cannot be read stays where it is, as `unread`. Rejects with an AgentError, or if the folder cannot be listed.
 */
export async function recoverSegments(
  files: Files,
  folder: string,
  segmentBytes = SEGMENT_BYTES,
): Promise<RecoveredSegments> {
  const all: RecoveredSegments = {
    found: [],
    faults: [],
    resume: undefined,
    present: createRanges(),
    unread: [],
    lost: [],
    time: 0,
    mayFollow: 0,
  };
  const places: Place[] = [];
  for (const segment of await listSegments(files, folder, segmentBytes)) {
    places.push({ segment, header: await unlessUnread(all, segment, loadHeader(files, segment.path)) });
  }
  all.found = places.map(({ segment }) => segment);
  // Newest first: what was written again after a failed sync counts where it was written last.
  for (const { segment, header } of places.toReversed()) {
    const look = header && (await unlessUnread(all, segment, lookInto(files, segment.path, header)));
    if (!look) continue;
    takeIn(all, segment, look);
    const { scan, first } = look;
    const isWhole = scan && !scan.isDamaged && first !== undefined;
    if (isWhole && segment === all.found.at(-1)) all.resume = { segment, scan };
  }
  bringIntoOrder(all.found);
  for (const [index, { segment }] of places.entries()) {
    if (segment.unread) bound(all, segment, places.slice(0, index), places.slice(index + 1));
  }
  return all;
}

/**
 * The same for one that was `unread`, now that it may be read; what is `known` is not taken again. Rejects with the error
 * of the file system, or an AgentError, if it cannot be yet.
 */
export async function recoverLate(files: Files, segment: Segment, known: Ranges): Promise<Recovered> {
  const look = await lookInto(files, segment.path, await loadHeader(files, segment.path));
  const all: Recovered = { present: known, unread: [], lost: [], time: 0, mayFollow: 0 };
  takeIn(all, segment, look);
  delete segment.unread;
  return { ...all, present: segment.held };
}

interface Place {
  segment: Segment;
  header: (Header & { bytes: number }) | undefined;
}

interface Look {
  /** Sequences that are there. */
  held: Ranges;
  first: number | undefined;
  bytes: number;
  time: number;
  scan: Scan | undefined;
}

async function listSegments(files: Files, folder: string, segmentBytes: number): Promise<Segment[]> {
  const found = (await files.list(folder)).flatMap((name) => {
    const number = segmentNumber(name);
    const path = join(folder, name);
    return number === undefined ? [] : [{ number, path, bytes: segmentBytes, held: createRanges(), time: 0 }];
  });
  return found.sort((a, b) => a.number - b.number);
}

async function unlessUnread<T>(
  { faults }: RecoveredSegments,
  segment: Segment,
  work: Promise<T>,
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    // A disk that does not answer, or a newer format, is about all of them.
    if (isAgentError(error)) throw error;
    segment.unread = { first: 0, last: Number.MAX_SAFE_INTEGER };
    faults.push({ file: segment.path, error });
    return undefined;
  }
}

async function lookInto(files: Files, path: string, header: Header & { bytes: number }): Promise<Look> {
  const { first, seal, bytes } = header;
  if (seal) return { held: createRanges(seal.ranges), first, bytes, time: seal.time, scan: undefined };
  const scan = await loadSegment(files, path);
  return { held: createRanges(rangesOf(scan)), first, bytes, time: scan.time, scan };
}

function takeIn(all: Recovered, segment: Segment, { held, bytes, time, scan }: Look): void {
  Object.assign(segment, { held, bytes, time });
  for (const { first, last } of all.present.list()) held.remove(first, last);
  for (const { first, last } of held.list()) all.present.add(first, last);
  all.time = Math.max(all.time, time);
  const lost = createRanges(scan?.lost);
  for (const { first, last } of all.present.list()) lost.remove(first, last);
  if (lost.size() > 0) all.lost.push({ file: segment.path, sequences: lost });
}

/**
 * No file is older than one before it: its time is too low where it is empty, or where a run could not read the files
 * before it, and did not know how long the runs before had been.
 */
function bringIntoOrder(segments: Segment[]): void {
  let time = 0;
  for (const segment of segments) {
    time = Math.max(time, segment.time);
    segment.time = time;
  }
}

/** Its entries are newer than those of the segments before it, and older than those of the next ones. */
function bound(all: RecoveredSegments, segment: Segment, older: Place[], newer: Place[]): void {
  const before = older.map((each) => each.segment.held.last() ?? 0);
  const next = newer.flatMap((each) => each.header?.first ?? each.segment.held.firstAbove(-1) ?? []);
  const unread = {
    first: Math.max(0, ...before) + 1,
    last: Math.min(Number.MAX_SAFE_INTEGER, ...next) - 1,
  };
  segment.unread = unread;
  segment.time = newer.find((each) => !each.segment.unread)?.segment.time ?? all.time;
  all.unread.push(unread);
  if (next.length === 0) all.mayFollow += Math.floor(segment.bytes / FRAME_HEADER);
}
