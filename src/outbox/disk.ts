import { join } from "node:path";
import type { Files } from "./files.ts";
import type { Record } from "./frame.ts";
import { frameOf, rangesOf, type Scan } from "./image.ts";
import { loadSegment, segmentName } from "./load.ts";
import { createRanges, type Ranges } from "./ranges.ts";
import { recoverSegments } from "./recover.ts";
import { createSegment, resumeSegment, type Segment, type Writer } from "./writer.ts";

export interface DiskOptions {
  folder: string;
  files: Files;
  /** Of one segment. */
  segmentBytes: number;
  /** Of all segments together. */
  maxBytes: number;
  /** What waits, here or in memory: a segment with none of it is deleted. */
  waiting: Ranges;
  /** A segment has been deleted, though something in it may still wait. */
  onDropped(segment: Segment, reason: "bytes" | "age"): void;
  /** These entries of `file` cannot be read any more. */
  onLost(file: string, sequences: Ranges): void;
}

/** What an earlier run has left. */
export interface Recovered {
  /** Of all that can be read, or was there once. */
  present: Ranges;
  /** Was there once. */
  lost: { file: string; sequences: Ranges }[];
  /** Running time of the newest entry, seconds. */
  time: number;
}

/**
 * The segments on the disk, oldest first; the last may be open for writing. Methods other than `has` and `find` are
 * called one at a time; they reject with the error of the file system.
 */
export interface Disk {
  /** Reads only. To be called first, until it succeeds. Rejects with an AgentError, `OUTBOX_NEWER_FORMAT`. */
  recover(): Promise<Recovered>;
  /** Opens a segment for writing, unless one is open; `first` is the sequence that it will begin with. */
  open(first: number): Promise<void>;
  /** Resolves after write(2). After a rejection, call `abandon`. */
  write(record: Record): Promise<void>;
  /** After a rejection, call `abandon`. */
  sync(): Promise<void>;
  /** Leaves the open segment as it is, for ever; what was not synced in it counts as not written and is returned. */
  abandon(): Record[];
  has(sequence: number): boolean;
  find(sequence: number): Promise<Record | undefined>;
  /** Deletes the segments whose newest entry is from before `time`, in seconds of running time. */
  expire(time: number): Promise<void>;
  /** Deletes what nothing waits in. Never rejects: it is tried again the next time. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** So much may wait for a sync before one is made at once: it bounds what must be rewritten when that fails. */
const MOST_UNSYNCED = 256 * 1024;

/** Segments kept in memory for reading: one for the walk along the backlog, one for those that overtake. */
const MOST_IMAGES = 2;

export function createDisk(options: DiskOptions): Disk {
  const { folder, files, segmentBytes, maxBytes, waiting } = options;
  const segments: Segment[] = [];
  const images = createImages(options, (segment) => segments.includes(segment));
  let writer: Writer | undefined;
  let resumable: { segment: Segment; scan: Scan } | undefined;
  let nextNumber = 1;

  async function openWriter(first: number): Promise<void> {
    if (writer) return;
    if (resumable) {
      writer = await resumeSegment(files, resumable.segment, resumable.scan);
      resumable = undefined;
      return;
    }
    await files.createFolder(folder);
    await tidy();
    while (segments.length > 0 && bytesOf(segments) + segmentBytes > maxBytes) await dropOldest("bytes");
    const path = join(folder, segmentName(nextNumber));
    const place = { number: nextNumber, path, bytes: segmentBytes, first };
    // A new name for each try: what a failed one could not remove must not be in the way.
    nextNumber += 1;
    writer = await createSegment(files, folder, place);
    segments.push(writer.segment);
  }

  async function closeWriter(isFull: boolean): Promise<void> {
    if (!writer) return;
    await writer.sync();
    // Without its seal a segment is scanned at the next start: no reason to give it up.
    if (isFull) await writer.seal().catch(() => undefined);
    await release();
  }

  async function release(): Promise<void> {
    const released = writer;
    writer = undefined;
    if (released) images.forget(released.segment);
    await released?.close();
  }

  async function dropOldest(reason: "bytes" | "age"): Promise<void> {
    const [oldest] = segments;
    if (!oldest) return;
    if (writer?.segment === oldest) await release();
    await remove(oldest);
    options.onDropped(oldest, reason);
  }

  async function remove(segment: Segment): Promise<void> {
    await files.remove(segment.path);
    segments.splice(segments.indexOf(segment), 1);
    if (resumable?.segment === segment) resumable = undefined;
    images.forget(segment);
  }

  async function tidy(): Promise<void> {
    const isInUse = (segment: Segment) => segment === writer?.segment || segment === resumable?.segment;
    const done = segments.filter((segment) => !isInUse(segment) && !isNeeded(segment, waiting));
    for (const segment of done) await remove(segment).catch(() => undefined);
  }

  return {
    async recover() {
      const { found, resume, ...recovered } = await recoverSegments(files, folder);
      segments.push(...found);
      resumable = resume;
      nextNumber = (found.at(-1)?.number ?? 0) + 1;
      return recovered;
    },
    open: openWriter,
    async write(record) {
      await openWriter(record.sequence);
      if (!writer?.fits(record)) {
        await closeWriter(true);
        await openWriter(record.sequence);
      }
      await writer?.write(record);
      if ((writer?.unsyncedBytes() ?? 0) > MOST_UNSYNCED) await writer?.sync();
    },
    sync: async () => writer?.sync(),
    abandon() {
      if (!writer) return [];
      const records = writer.unsynced();
      for (const { sequence } of records) writer.segment.held.remove(sequence);
      release().catch(() => undefined);
      return records;
    },
    has: (sequence) => segments.some(({ held }) => held.has(sequence)),
    async find(sequence) {
      if (writer?.segment.held.has(sequence)) return writer.find(sequence);
      const segment = segments.find(({ held }) => held.has(sequence));
      return segment && frameOf(await images.of(segment), sequence);
    },
    async expire(time) {
      while (segments[0] && segments[0].held.size() > 0 && segments[0].time < time) await dropOldest("age");
    },
    tidy,
    close: () => closeWriter(false),
  };
}

interface Images {
  of(segment: Segment): Promise<Scan>;
  forget(segment: Segment): void;
}

/** Segments in memory, the one used last kept longest. Loading one shows what is lost in it. */
function createImages({ files, onLost }: DiskOptions, isThere: (segment: Segment) => boolean): Images {
  const images = new Map<Segment, Promise<Scan>>();

  async function load(segment: Segment): Promise<Scan> {
    // It may be written to while it is being read: only what was there before can be missed.
    const missing = createRanges(segment.held.list());
    const scan = await loadSegment(files, segment.path);
    for (const { first, last } of rangesOf(scan)) missing.remove(first, last);
    if (missing.size() > 0 && isThere(segment)) {
      for (const { first, last } of missing.list()) segment.held.remove(first, last);
      onLost(segment.path, missing);
    }
    return scan;
  }

  function begin(segment: Segment): Promise<Scan> {
    const image = load(segment);
    image.catch(() => images.delete(segment));
    return image;
  }

  return {
    of(segment) {
      const image = images.get(segment) ?? begin(segment);
      images.delete(segment);
      images.set(segment, image);
      const [eldest] = images.keys();
      if (images.size > MOST_IMAGES && eldest) images.delete(eldest);
      return image;
    },
    forget: (segment) => void images.delete(segment),
  };
}

function isNeeded({ held }: Segment, waiting: Ranges): boolean {
  return held.list().some(({ first, last }) => waiting.overlaps(first, last));
}

function bytesOf(segments: Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
