import { isAborted, isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Turn } from "../lib/turn.ts";
import { FREE, type WriteRight } from "../lib/write-right.ts";
import { type Cursor, type Done, removeDone } from "./cursor.ts";
import type { Disk, Recovered } from "./disk.ts";
import type { Record } from "./frame.ts";
import { diskUnusable, notSaved, type OutboxEvent } from "./health.ts";
import type { Ledger } from "./ledger.ts";
import { createRanges } from "./ranges.ts";
import type { Sequence } from "./sequence.ts";

export interface KeeperOptions {
  directory: string;
  disk: Disk;
  cursor: Cursor;
  ledger: Ledger;
  sequence: Sequence;
  maxAge: number;
  syncEvery: number;
  ringCapacity: number;
  clock: Clock;
  inTurn: Turn;
  onHealth?: (event: OutboxEvent) => void;
  right?: WriteRight;
  /** Something new waits. */
  onMore(): void;
}

/** Decides where an entry is kept: on disk, or in memory while the disk cannot be used. */
export interface Keeper {
  /** Rejects only for a newer format. */
  open(): Promise<void>;
  /** In turn. Never rejects for the disk's sake. */
  keep(record: Record): Promise<void>;
  /** Undefined for what is not kept. */
  find(sequence: number): Promise<Record | undefined>;
  /** As `Disk.unreadableTo`. */
  unreadableTo(sequence: number): number | undefined;
  /** What needs no look at the disk: what was written last, then what is in memory only, each oldest first. */
  inMemory(): Iterable<Record>;
  /** How many times something was found that an earlier run has left. */
  recoveries(): number;
  acknowledge(sequence: number): void;
  discard(sequence: number, cause: unknown): void;
  /** Milliseconds that the agent has run, all its runs together, as far as entries tell of them. */
  runningTime(): number;
  /** In turn. Rejects with an AgentError, `OUTBOX_NOT_SAVED`, if entries are only in memory. */
  close(): Promise<void>;
}

/** Milliseconds between two tries to use the disk again: doubled after each, up to the second. */
const PROBE = { first: 1000, most: 60_000 };

export function createKeeper(options: KeeperOptions): Keeper {
  const { directory, disk, cursor, ledger, clock, inTurn, syncEvery, maxAge, right = FREE } = options;
  const stopping = new AbortController();
  /** What is on no disk, oldest first: while the disk cannot be used, or for a moment after a failed write. */
  const ring = new Map<number, Record>();
  const startedAt = clock.monotonic();
  let earlierRuns = 0;
  let isRecovered = false;
  let recoveries = 0;
  let doneBefore: Done | undefined;
  /** What may wait in files that could not be read yet: the cursor must not take it for done. */
  const unknown = createRanges();
  let isInMemory = false;
  let isTrimming = false;
  let isCursorOld = false;
  let isBeatDue = false;

  const runningTime = (): number => earlierRuns + clock.monotonic() - startedAt;

  async function recover(): Promise<void> {
    const recovered = await disk.recover();
    const { unread, time } = recovered;
    // Without a cursor all comes again: doubles, not loss.
    doneBefore = await cursor.read().catch(() => undefined);
    for (const { first, last } of unread) unknown.add(first, last);
    if (doneBefore) removeDone(unknown, doneBefore);
    for (const sequence of ring.keys()) unknown.remove(sequence);
    takeIn(recovered);
    earlierRuns = time * 1000;
    // They were taken when it was not known how long earlier runs had been.
    for (const [sequence, record] of ring) ring.set(sequence, { ...record, time: record.time + time });
    isRecovered = true;
    options.onMore();
    recoverRest().catch(ignoreAbort);
  }

  function takeIn({ present, lost, mayFollow }: Recovered): void {
    const last = Math.max(ledger.counts().lastSequence, present.last() ?? 0, doneBefore?.last ?? 0);
    const left = createRanges(present.list());
    for (const { sequences } of lost) for (const range of sequences.list()) left.add(range.first, range.last);
    for (const range of left.list()) unknown.remove(range.first, range.last);
    if (doneBefore) removeDone(left, doneBefore);
    ledger.admitAll(left, last);
    options.sequence.goAbove?.(last + mayFollow);
    for (const { file, sequences } of lost) ledger.lose(file, sequences);
    recoveries += 1;
  }

  /** What could not be read at the start may be later. */
  async function recoverRest(): Promise<void> {
    while (disk.hasUnread()) {
      await clock.sleep(PROBE.first, stopping.signal);
      await inTurn(async () => (await disk.recoverLate()).forEach(takeIn));
      options.onMore();
    }
    unknown.remove(0, Number.MAX_SAFE_INTEGER);
  }

  async function keep(record: Record): Promise<void> {
    unknown.remove(record.sequence);
    if (isInMemory) {
      hold([record]);
      ledger.admit(record.sequence);
      trim();
    } else {
      await keepOnDisk(record);
    }
    beat();
    options.onMore();
  }

  async function keepOnDisk(record: Record): Promise<void> {
    try {
      await disk.expire((runningTime() - maxAge) / 1000);
      await disk.write(record);
      if (record.urgent) await disk.sync();
      ledger.admit(record.sequence);
    } catch (error) {
      const unsynced = disk.abandon().filter(({ sequence }) => ledger.waiting.has(sequence));
      hold([...unsynced, record]);
      ledger.admit(record.sequence);
      await moveToDisk().catch(() => goToMemory(error));
    }
  }

  function hold(records: Record[]): void {
    // A copy: the body may be a view of a whole segment, which would stay in memory with it.
    for (const record of records) ring.set(record.sequence, { ...record, body: Buffer.from(record.body) });
  }

  /** Rejects if the disk does not take them: then the ring has what the disk has not. */
  async function moveToDisk(): Promise<void> {
    try {
      const [next = ledger.counts().lastSequence + 1] = ring.keys();
      await disk.open(next);
      for (const record of [...ring.values()]) {
        if (ring.has(record.sequence)) await disk.write(record);
      }
      await disk.sync();
      ring.clear();
    } catch (error) {
      disk.abandon();
      for (const sequence of ring.keys()) if (disk.has(sequence)) ring.delete(sequence);
      throw error;
    }
  }

  function goToMemory(cause: unknown): void {
    isInMemory = true;
    options.onHealth?.({ kind: "memory", cause: diskUnusable(directory, cause) });
    trim();
    returnToDisk().catch(ignoreAbort);
  }

  function trim(): void {
    for (const sequence of ring.keys()) {
      if (ring.size <= options.ringCapacity) return;
      ring.delete(sequence);
      ledger.dropOne(sequence);
      if (!isTrimming) options.onHealth?.({ kind: "dropped", reason: "memory", count: 1 });
      isTrimming = true;
    }
  }

  async function returnToDisk(): Promise<void> {
    for (let pause = PROBE.first; isInMemory; pause = Math.min(2 * pause, PROBE.most)) {
      await clock.sleep(pause, stopping.signal);
      await inTurn(tryDisk).catch(() => undefined);
    }
  }

  async function tryDisk(): Promise<void> {
    if (stopping.signal.aborted) return;
    await rescue();
    isInMemory = false;
    isTrimming = false;
    options.onHealth?.({ kind: "disk" });
    beat();
  }

  async function rescue(): Promise<void> {
    await right.take();
    if (!isRecovered) await recover();
    await moveToDisk();
  }

  function letGo(sequence: number): void {
    ring.delete(sequence);
    isCursorOld = true;
    beat();
  }

  /** The first change asks for a beat, those until then share it. */
  function beat(): void {
    if (isBeatDue || stopping.signal.aborted) return;
    isBeatDue = true;
    clock
      .sleep(syncEvery, stopping.signal)
      .then(() => inTurn(flush))
      .catch(ignoreAbort);
  }

  async function flush(): Promise<void> {
    isBeatDue = false;
    await sync();
    await tidy();
    if (isCursorOld) await writeCursor(false);
  }

  async function tidy(): Promise<void> {
    if (right.isTaken()) await disk.tidy();
  }

  async function sync(): Promise<void> {
    try {
      await disk.sync();
    } catch (error) {
      hold(disk.abandon().filter(({ sequence }) => ledger.waiting.has(sequence)));
      await moveToDisk().catch(() => goToMemory(error));
    }
  }

  /** What has not been recovered must not be taken for done. A failure leaves an older one: doubles, not loss. */
  async function writeCursor(sync: boolean): Promise<void> {
    if (!isRecovered || !right.isTaken()) return;
    isCursorOld = false;
    const mayWait = createRanges(ledger.waiting.list());
    for (const { first, last } of unknown.list()) mayWait.add(first, last);
    await cursor.write(mayWait, ledger.counts().lastSequence, { sync }).catch(() => {
      isCursorOld = true;
    });
  }

  return {
    async open() {
      try {
        await recover();
        await right.take();
        await disk.open(ledger.counts().lastSequence + 1);
      } catch (error) {
        if (isAgentError(error) && !error.retryable) throw error;
        goToMemory(error);
      }
    },
    keep,
    unreadableTo: (sequence) => (ring.has(sequence) ? undefined : disk.unreadableTo(sequence)),
    *inMemory() {
      yield* disk.inMemory();
      yield* ring.values();
    },
    recoveries: () => recoveries,
    find: async (sequence) => ring.get(sequence) ?? disk.find(sequence),
    acknowledge(sequence) {
      if (ledger.acknowledge(sequence)) letGo(sequence);
    },
    discard(sequence, cause) {
      if (!ledger.dropOne(sequence)) return;
      letGo(sequence);
      options.onHealth?.({ kind: "unsendable", sequence, cause });
    },
    runningTime,
    async close() {
      stopping.abort();
      let cause: unknown;
      if (!isInMemory) await sync();
      if (ring.size > 0) {
        await rescue().catch((error: unknown) => {
          cause = error;
        });
      }
      await tidy();
      await writeCursor(true);
      await disk.close();
      await options.sequence.close?.();
      if (ring.size > 0) throw notSaved(directory, ring.size, cause);
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (!isAborted(error)) throw error;
}
