import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { ENDLESS, type Patience } from "../lib/patience.ts";
import { createTurn } from "../lib/turn.ts";
import type { WriteRight } from "../lib/write-right.ts";
import { createCursor } from "./cursor.ts";
import { createDisk } from "./disk.ts";
import { type Files, nodeFiles } from "./files.ts";
import { FRAME_HEADER } from "./frame.ts";
import { HEADER_BYTES } from "./header.ts";
import { type OutboxEvent, tooLarge } from "./health.ts";
import { createKeeper } from "./keeper.ts";
import { createLedger } from "./ledger.ts";
import { SEGMENT_BYTES } from "./load.ts";
import type { Outbox } from "./outbox.ts";
import { patientFiles } from "./patient-files.ts";
import { createRead } from "./read.ts";
import type { Sequence } from "./sequence.ts";
import { createUnreadable } from "./unreadable.ts";
import { createWaiters } from "./waiters.ts";

export interface SegmentOutboxOptions {
  /** Created if it does not exist. For one process at a time, and for nothing else. */
  directory: string;
  sequence: Sequence;
  /** Bytes on disk, at least three segments. When they are reached, the oldest segment goes. */
  maxBytes: number;
  /**
   * Milliseconds of running time, above 0; the time during which the agent did not run does not count. A segment whose
   * newest entry is older goes. The wall clock has no say: a gateway without a battery-backed one jumps by years when
   * it hears from a time server, and would throw away what it has just measured.
   */
  maxAge: number;
  /** Milliseconds, above 0: what a power cut may take, at most. */
  syncEvery: number;
  /** Entries kept in memory while the disk cannot be used, a whole number ≥ 1. */
  ringCapacity: number;
  clock: Clock;
  onHealth?: (event: OutboxEvent) => void;
  /** Asked before anything is written; reading needs none. Left out: nobody else writes there. */
  right?: WriteRight;
  /** Left out: a disk that hangs is waited for. */
  patience?: Patience;
  /** Bytes of a segment, a whole number ≥ 8192; default 1 MiB. */
  segmentBytes?: number;
  /** Default: those of this machine. */
  files?: Files;
}

/** The acknowledge cursor is in the same directory and counts for `maxBytes`. */
const CURSOR_BYTES = 8192;

/**
 * An outbox on disk. `append` resolves when the entry survives the death of the process, for an urgent one also a power
 * cut; an ordinary one survives that after `syncEvery` at the latest. Acknowledgements are written without a sync: after
 * a crash some entries come again, with the same sequence. Damage costs the entries that it touches, and they are
 * counted as dropped. A file that cannot be read is told and tried again, and the others go on. While the disk is full,
 * read-only or broken, or hangs, entries wait in memory, the oldest dropped beyond `ringCapacity`, and go to disk in order
 * as soon as it can be used again. Payloads come back as JSON gives them.
 *
 * Rejects with a RangeError for options out of range, and with an AgentError, `OUTBOX_NEWER_FORMAT`, if a later version
 * of the agent wrote here: then nothing has been touched. A disk that cannot be used is no reason to reject.
 */
export async function openSegmentOutbox<T>(options: SegmentOutboxOptions): Promise<Outbox<T>> {
  const { directory, sequence, segmentBytes = SEGMENT_BYTES } = options;
  const { files = nodeFiles, patience = ENDLESS } = options;
  checkOptions(options, segmentBytes);
  const waiters = createWaiters();
  const say = (event: OutboxEvent): void => options.onHealth?.(event);
  const ledger = createLedger(say);
  const disk = createDisk({
    folder: directory,
    files: patientFiles(files, patience),
    segmentBytes,
    maxBytes: options.maxBytes - CURSOR_BYTES,
    waiting: ledger.waiting,
    unreadable: createUnreadable(options.clock, say),
    onDropped({ path, held, unread }, reason) {
      if (unread) say({ kind: "unread-dropped", file: path, reason });
      ledger.drop(held, reason);
    },
    onLost: ledger.lose,
  });
  const cursor = createCursor(join(directory, "acknowledged"), patience);
  const inTurn = createTurn();
  const keeper = createKeeper({ ...options, disk, cursor, ledger, inTurn, onMore: waiters.check });
  await keeper.open();

  return {
    append(payload, { urgent = false } = {}) {
      return inTurn(async () => {
        const body = encode(payload, segmentBytes - HEADER_BYTES - FRAME_HEADER);
        const entry = { sequence: await sequence.next(), urgent, payload };
        const time = Math.floor(keeper.runningTime() / 1000);
        await keeper.keep({ sequence: entry.sequence, urgent, time, body });
        return entry;
      });
    },
    read: createRead<T>(ledger.waiting, keeper),
    has: ledger.waiting.has,
    acknowledge: keeper.acknowledge,
    discard: keeper.discard,
    waitFor(after, signal) {
      const before = keeper.recoveries();
      const isMore = () => ledger.waiting.firstAbove(after) !== undefined || keeper.recoveries() > before;
      return waiters.wait(isMore, signal);
    },
    counts: ledger.counts,
    close: () => inTurn(keeper.close),
  };
}

function encode(payload: unknown, most: number): Buffer {
  const json: string | undefined = JSON.stringify(payload);
  if (json === undefined) throw new TypeError(`payload: ${typeof payload} has no JSON`);
  const body = Buffer.from(json);
  if (body.length > most) throw tooLarge(body.length, most);
  return body;
}

function checkOptions(options: SegmentOutboxOptions, segmentBytes: number): void {
  const { maxBytes, maxAge, syncEvery, ringCapacity } = options;
  const isWhole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  if (!isWhole(segmentBytes, 8192))
    throw new RangeError(`segmentBytes: ${segmentBytes} is no whole number ≥ 8192`);
  if (!isWhole(maxBytes, 3 * segmentBytes))
    throw new RangeError(`maxBytes: ${maxBytes} is no whole number ≥ ${3 * segmentBytes}, three segments`);
  if (!isWhole(ringCapacity, 1)) throw new RangeError(`ringCapacity: ${ringCapacity} is no whole number ≥ 1`);
  for (const [name, value] of Object.entries({ maxAge, syncEvery })) {
    if (!(value > 0)) throw new RangeError(`${name}: ${value} is no number of milliseconds above 0`);
  }
}
