import { join } from "node:path";
import { isSilent } from "../lib/patience.ts";
import type { Files } from "./files.ts";
import type { Record } from "./frame.ts";
import { frameOf, type Scan } from "./image.ts";
import { createImages } from "./images.ts";
import { segmentName } from "./load.ts";
import { createRanges, type Range, type Ranges } from "./ranges.ts";
import { recoverLate, recoverSegments } from "./recover.ts";
import type { Unreadable } from "./unreadable.ts";
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
  unreadable: Unreadable;
  /** A segment has been deleted, though something in it may still wait. */
  onDropped(segment: Segment, reason: "bytes" | "age"): void;
  /** These entries of `file` cannot be read any more. */
  onLost(file: string, sequences: Ranges): void;
}

/** What an earlier run has left. */
export interface Recovered {
  /** Of all that can be read, or was there once. */
  present: Ranges;
  /** Where the sequences lie in files that cannot be read yet. */
  unread: Range[];
  /** Was there once. */
  lost: { file: string; sequences: Ranges }[];
  /** Running time of the newest entry, seconds. */
  time: number;
  /** So many sequences above all that is known may be there, in a newest file that cannot be read yet. */
  mayFollow: number;
}

/**
 * The segments on the disk, oldest first; the last may be open for writing. Methods other than those that only look are
 * called one at a time; they reject with the error of the file system.
 */
export interface Disk {
  /** Reads only. To be called first, until it succeeds. Rejects with an AgentError, `OUTBOX_NEWER_FORMAT`. */
  recover(): Promise<Recovered>;
  /** Tries some of those again that `recover` could not read, and that are not resting. Never rejects. */
  recoverLate(): Promise<Recovered[]>;
  /** There are such. */
  hasUnread(): boolean;
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
  /** If the file that has it cannot be read, and is not tried again yet: the last that is there in a row with it. */
  unreadableTo(sequence: number): number | undefined;
  /** What needs no look at the disk, oldest first. */
  inMemory(): Iterable<Record>;
  /** Deletes the segments whose newest entry is from before `time`, in seconds of running time. */
  expire(time: number): Promise<void>;
  /** Deletes what nothing waits in. Never rejects: it is tried again the next time. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** Files that `recoverLate` tries at a time. */
const MOST_LATE = 3;

/** So much may wait for a sync before one is made at once: it bounds what must be rewritten when that fails. */
const MOST_UNSYNCED = 256 * 1024;

export function createDisk(options: DiskOptions): Disk {
  const { folder, files, segmentBytes, maxBytes, waiting, unreadable } = options;
  const segments: Segment[] = [];
  const images = createImages({ ...options, isThere: (segment) => segments.includes(segment) });
  let writer: Writer | undefined;
  let resumable: { segment: Segment; scan: Scan } | undefined;
  let nextNumber = 1;
  /** What was found when it was recovered. */
  let known = createRanges();

  async function openWriter(first: number): Promise<void> {
    if (writer) return;
    writer = await resume();
    if (writer) {
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
    resumable = undefined;
  }

  /** Undefined if there is none, or if it may be read and not written: a new one will do. */
  async function resume(): Promise<Writer | undefined> {
    try {
      return resumable && (await resumeSegment(files, resumable.segment, resumable.scan));
    } catch (error) {
      if (!isForbidden(error)) throw error;
      return undefined;
    }
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
    await removeFile(segment.path);
    forget(segment);
  }

  function forget(segment: Segment): void {
    segments.splice(segments.indexOf(segment), 1);
    if (resumable?.segment === segment) resumable = undefined;
    images.forget(segment);
    unreadable.remove(segment.path);
  }

  async function readUnread(): Promise<Recovered[]> {
    const due = segments.filter(({ unread, path }) => unread && !unreadable.isResting(path));
    const recovered: Recovered[] = [];
    // What is new waits for this: a few at a time, in case each takes a failing disk seconds.
    for (const segment of due.slice(0, MOST_LATE)) {
      try {
        const late = await readLate(segment);
        if (late) recovered.push(late);
      } catch (error) {
        if (isSilent(error)) break;
        unreadable.add(segment.path, error);
      }
    }
    return recovered;
  }

  /** Undefined if somebody has taken it away. */
  async function readLate(segment: Segment): Promise<Recovered | undefined> {
    if (!(await files.list(folder)).includes(segmentName(segment.number))) {
      forget(segment);
      return undefined;
    }
    for (const { held } of segments) for (const { first, last } of held.list()) known.add(first, last);
    const recovered = await recoverLate(files, segment, known);
    unreadable.remove(segment.path);
    return recovered;
  }

  /** What cannot be read may be what cannot be removed either: it must not be in the way of what is new. */
  async function removeFile(path: string): Promise<void> {
    try {
      await files.remove(path);
    } catch (error) {
      if (isSilent(error) || !unreadable.has(path)) throw error;
    }
  }

  async function tidy(): Promise<void> {
    const isInUse = (segment: Segment) => segment === writer?.segment || segment === resumable?.segment;
    const isDone = (segment: Segment) => !segment.unread && !isNeeded(segment, waiting);
    const done = segments.filter((segment) => !isInUse(segment) && isDone(segment));
    for (const segment of done) await remove(segment).catch(() => undefined);
  }

  return {
    async recover() {
      const { found, faults, resume, ...recovered } = await recoverSegments(files, folder, segmentBytes);
      for (const { file, error } of faults) unreadable.add(file, error);
      known = createRanges(recovered.present.list());
      segments.push(...found);
      resumable = resume;
      nextNumber = (found.at(-1)?.number ?? 0) + 1;
      return recovered;
    },
    recoverLate: readUnread,
    hasUnread: () => segments.some(({ unread }) => unread),
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
    unreadableTo(sequence) {
      if (unreadable.isEmpty()) return undefined;
      const { path, held } = segments.find((segment) => segment.held.has(sequence)) ?? {};
      if (path === undefined || !unreadable.isResting(path)) return undefined;
      return held?.list().find(({ last }) => last >= sequence)?.last;
    },
    inMemory: () => writer?.records() ?? [],
    async expire(time) {
      const isOld = (segment: Segment) => (segment.unread || segment.held.size() > 0) && segment.time < time;
      while (segments[0] && isOld(segments[0])) await dropOldest("age");
    },
    tidy,
    close: () => closeWriter(false),
  };
}

/** Of this file, which no new try will change; other errors are the disk's, or pass, and must not cost room. */
function isForbidden(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && /^(EACCES|EPERM|ELOOP|EISDIR)$/.test(String(error.code))
  );
}

function isNeeded({ held }: Segment, waiting: Ranges): boolean {
  return held.list().some(({ first, last }) => waiting.overlaps(first, last));
}

function bytesOf(segments: Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
