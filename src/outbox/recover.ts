import { join } from "node:path";
import type { Recovered } from "./disk.ts";
import type { Files } from "./files.ts";
import type { Header } from "./header.ts";
import { rangesOf, type Scan } from "./image.ts";
import { loadHeader, loadSegment, segmentNumber } from "./load.ts";
import { createRanges } from "./ranges.ts";
import type { Segment } from "./writer.ts";

export interface RecoveredSegments extends Recovered {
  /** Oldest first. */
  found: Segment[];
  /** The newest, if it can be written on. */
  resume: { segment: Segment; scan: Scan } | undefined;
}

/**
 * Finds the segments in `folder`, and what is in them, and changes nothing. A sealed segment costs one small read, one
 * that is not sealed a look at every byte. All headers come first: if one file is of a newer format, none is used.
 */
export async function recoverSegments(files: Files, folder: string): Promise<RecoveredSegments> {
  const numbers = (await files.list(folder)).flatMap((name) => {
    const number = segmentNumber(name);
    return number === undefined ? [] : [{ number, path: join(folder, name) }];
  });
  numbers.sort((a, b) => a.number - b.number);
  const places: Place[] = [];
  for (const place of numbers) places.push({ ...place, header: await loadHeader(files, place.path) });
  const all: RecoveredSegments = { found: [], resume: undefined, present: createRanges(), lost: [], time: 0 };
  // Newest first: what was written again after a failed sync counts where it was written last.
  for (const place of places.toReversed()) await take(all, files, place, place === places.at(-1));
  return all;
}

interface Place {
  number: number;
  path: string;
  header: Header & { bytes: number };
}

async function take(all: RecoveredSegments, files: Files, place: Place, isNewest: boolean): Promise<void> {
  const { number, path, header } = place;
  const scan = header.seal ? undefined : await loadSegment(files, path);
  const ranges = header.seal?.ranges ?? (scan ? [...rangesOf(scan)] : []);
  const time = header.seal?.time ?? scan?.time ?? 0;
  const segment: Segment = { number, path, bytes: header.bytes, held: createRanges(ranges), time };
  for (const { first, last } of all.present.list()) segment.held.remove(first, last);
  for (const { first, last } of segment.held.list()) all.present.add(first, last);
  all.found.unshift(segment);
  all.time = Math.max(all.time, time);
  const lost = createRanges(scan?.lost);
  for (const { first, last } of all.present.list()) lost.remove(first, last);
  if (lost.size() > 0) all.lost.push({ file: path, sequences: lost });
  if (isNewest && scan && !scan.isDamaged && header.first !== undefined) all.resume = { segment, scan };
}
