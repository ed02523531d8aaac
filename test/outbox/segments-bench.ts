import { existsSync } from "node:fs";
import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { File, Files } from "#agent/outbox/files.js";
import { nodeFiles } from "#agent/outbox/files.js";
import type { OutboxEvent } from "#agent/outbox/health.js";
import type { Outbox } from "#agent/outbox/outbox.js";
import { openSegmentOutbox, type SegmentOutboxOptions } from "#agent/outbox/segments.js";
import { openSequence } from "#agent/outbox/sequence.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

export interface Opened {
  outbox: Outbox<unknown>;
  events: OutboxEvent[];
  clock: FakeClock;
}

/** An outbox with small segments and a clock that stands still, in `directory`, with its sequence beside it. */
export async function open(directory: string, changes: Partial<SegmentOutboxOptions> = {}): Promise<Opened> {
  const events: OutboxEvent[] = [];
  const clock = createFakeClock();
  const outbox = await openSegmentOutbox<unknown>({
    directory,
    sequence: await openSequence(`${directory}.sequence`),
    maxBytes: 64 * 8192,
    maxAge: 1e12,
    syncEvery: 10_000,
    ringCapacity: 1000,
    segmentBytes: 8192,
    clock,
    onHealth: (event) => events.push(event),
    ...changes,
  });
  return { outbox, events, clock };
}

/** What a killed agent would leave behind now: a copy of all files, in another folder. */
export async function crashCopy(directory: string): Promise<string> {
  copies += 1;
  const copy = `${directory}.${copies}`;
  await cp(directory, copy, { recursive: true });
  if (existsSync(`${directory}.sequence`)) await cp(`${directory}.sequence`, `${copy}.sequence`);
  return copy;
}

let copies = 0;

/** Opens, does the work and closes again. */
export async function within<R>(directory: string, work: (opened: Opened) => Promise<R>): Promise<R> {
  const opened = await open(directory);
  try {
    return await work(opened);
  } finally {
    await opened.outbox.close();
  }
}

export async function segmentsOf(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => name.endsWith(".segment"))
    .sort()
    .map((name) => join(directory, name));
}

export async function bytesIn(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

export async function all(outbox: Outbox<unknown>): Promise<unknown[]> {
  return (await outbox.read(0, 1e6)).map(({ payload }) => payload);
}

/** Changes the byte at `offset`, or the text that stands in a file once. */
export async function flip(file: string, where: number | string): Promise<void> {
  const bytes = await readFile(file);
  const offset = typeof where === "number" ? where : bytes.indexOf(where);
  if (offset < 0) throw new Error(`${where} is not in ${file}`);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
  await writeFile(file, bytes);
}

/** What a disk does wrong: each hook may throw in place of the call. */
export interface Faults {
  open?: (path: string, flags: string) => void;
  /** Of the file at `path`. */
  read?: (path: string) => void;
  remove?: (path: string) => void;
  write?: () => void;
  datasync?: () => void;
  list?: () => void;
}

/** The disk of this machine, with faults at the edge where its bytes go over. */
export function faultyFiles(faults: Faults): Files {
  const withFaults = (file: File, path: string): File => ({
    ...file,
    async read(buffer, position) {
      faults.read?.(path);
      return file.read(buffer, position);
    },
    async write(buffer, position) {
      faults.write?.();
      await file.write(buffer, position);
    },
    async datasync() {
      faults.datasync?.();
      await file.datasync();
    },
  });
  return {
    ...nodeFiles,
    async open(path, flags) {
      faults.open?.(path, flags);
      return withFaults(await nodeFiles.open(path, flags), path);
    },
    async list(folder) {
      faults.list?.();
      return nodeFiles.list(folder);
    },
    async remove(path) {
      faults.remove?.(path);
      await nodeFiles.remove(path);
    },
  };
}

/** The error that Node gives for a failed system call. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
