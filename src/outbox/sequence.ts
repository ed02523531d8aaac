import { AgentError, messageOf } from "../errors.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { ENDLESS, type Patience, READ } from "../lib/patience.ts";
import { createTurn } from "../lib/turn.ts";
import { FREE, type WriteRight } from "../lib/write-right.ts";
import { openSlots, type Slots } from "./slots.ts";

/** Numbers 1, 2, 3 … that never repeat and never go back, whatever happens to the process. */
export interface Sequence {
  /** Rejects if this source of numbers has none to give; none is lost by that. */
  next(): Promise<number>;
  /** From now on, only numbers above `last`. */
  goAbove?(last: number): void;
  /** After it no more numbers: the next start goes on without a gap. */
  close?(): Promise<void>;
}

export interface SequenceOptions {
  /** Numbers reserved by one write, 1 to 1000. */
  block?: number;
  /** Tells runs apart that found the disk unwritable. */
  clock?: Pick<Clock, "now">;
  /** [0, 1), for the same purpose. */
  random?: () => number;
  /** Hears why the numbers leap at the start: `SEQUENCE_CORRUPT` or `SEQUENCE_UNREADABLE`. */
  onLeap?: (error: AgentError) => void;
  /** Asked before the file is written. Left out: nobody else writes it. */
  right?: WriteRight;
  /** Left out: a disk that hangs is waited for. */
  patience?: Patience;
}

const DEFAULT_BLOCK = 100;
const MOST_BLOCK = 1000;

/**
 * How many numbers a run may give out beyond its reservation, while it cannot write. Every start that finds the mark of
 * a run that did not end cleanly skips as many: it repeats none of them, and does not go back.
 */
const MARGIN = 10_000;

/** A leap: numbers for each second of the clock, and the width of the lot that is drawn on top. */
const PER_SECOND = 2 ** 22;
const LOT = 2 ** 32;
const EPOCH = Date.UTC(2020, 0, 1);

/**
 * Numbers that go on where `file` says. A block of them is on disk as reserved before the first of it is given out, so
 * even kill -9 repeats none, and an SD card sees one small write for `block` samples; the write is in place, so that a
 * full disk does not stop it. A missing file starts at 1.
 *
 * Where the file cannot be written, the numbers go on all the same: up to 10,000 above the reservation, which no later
 * start repeats; beyond, or if the file could not be written from the start, after a leap. A leap goes above the
 * reservation and above 2²² for every second since 2020, plus a number drawn from 2³²: a later run is above an earlier
 * one if the clock went on by 17 minutes, and if the clock stands still or goes back, two runs of a million numbers
 * meet with a probability of 1 in 2000. That is the price of a disk that keeps nothing.
 *
 * A file that is damaged, or cannot be read, is no reason to leave a cave alone, and none to start again at 1, where the
 * cloud would drop new samples as doubles of old ones: the numbers go on after a leap.
 */
export async function openSequence(file: string, options: SequenceOptions = {}): Promise<Sequence> {
  const { block = DEFAULT_BLOCK, clock = systemClock, random = Math.random } = options;
  const { right = FREE, patience = ENDLESS } = options;
  if (!Number.isSafeInteger(block) || block < 1 || block > MOST_BLOCK)
    throw new RangeError(`block: ${block} is no whole number from 1 to ${MOST_BLOCK}`);
  const { slots, start, fault } = await readMark(file, patience);
  const inTurn = createTurn();
  /** The last number given out, the last that was reserved, and the last that may be given without. */
  let last = start.isClean ? start.reserved : start.reserved + MARGIN;
  let reserved = last;
  let allowed = last;
  let failures = 0;
  let retryAt = 0;
  let isUsed = false;

  async function mark(upTo: number, isClean: boolean): Promise<void> {
    await right.take();
    const text = JSON.stringify({ reserved: upTo, clean: isClean });
    await patience(() => slots.write(text, { sync: true }));
    reserved = upTo;
    allowed = upTo + MARGIN;
    failures = 0;
  }

  async function reserve(): Promise<void> {
    if (failures > 0 && last < retryAt) return;
    try {
      await mark(last + block, false);
    } catch {
      // A dying disk takes seconds for each try: ever fewer of them.
      failures += 1;
      retryAt = last + Math.min(2 ** Math.min(failures, 30), block);
    }
  }

  function leap(): void {
    const seconds = Math.min(Math.max(0, (clock.now() - EPOCH) / 1000), 2 ** 30);
    last = Math.floor(Math.max(last + MARGIN, seconds * PER_SECOND) + (1 + random()) * LOT);
    allowed = last + LOT;
  }

  if (fault) {
    leap();
    options.onLeap?.(fault);
  }

  return {
    next: () =>
      inTurn(async () => {
        if (last >= reserved) await reserve();
        if (last >= reserved && last >= allowed) leap();
        last += 1;
        isUsed = true;
        return last;
      }),
    goAbove(above) {
      last = Math.max(last, above);
    },
    close: () =>
      inTurn(async () => {
        // Where it cannot be written, the next start skips the margin: a gap, nothing worse.
        if (isUsed) await mark(last, true).catch(() => undefined);
      }),
  };
}

interface Start {
  slots: Pick<Slots, "write">;
  start: Mark;
  /** Why it is not known where the numbers were. */
  fault?: AgentError;
}

const UNKNOWN: Mark = { reserved: 0, isClean: true };

async function readMark(file: string, patience: Patience): Promise<Start> {
  try {
    const slots = await patience(() => openSlots(file), READ);
    const start = parseMark(slots);
    return start ? { slots, start } : { slots, start: UNKNOWN, fault: corrupt(file) };
  } catch (cause) {
    const write = () => Promise.reject(cause);
    return { slots: { write }, start: UNKNOWN, fault: unreadable(file, cause) };
  }
}

interface Mark {
  reserved: number;
  /** True if no number above `reserved` can have been given out. */
  isClean: boolean;
}

/** A file with nothing but `{"reserved": N}` is what version 0.1 wrote, and what a person may write. */
function parseMark({ text, isDamaged, foreign }: Slots): Mark | undefined {
  const content = text ?? foreign;
  if (content === undefined) return UNKNOWN;
  const parsed = parseJson(content);
  if (parsed && "reserved" in parsed) {
    const { reserved } = parsed;
    const isClean = text === undefined || (!isDamaged && "clean" in parsed && parsed.clean === true);
    if (typeof reserved === "number" && Number.isSafeInteger(reserved) && reserved >= 0) {
      return { reserved, isClean };
    }
  }
  return undefined;
}

function corrupt(file: string): AgentError {
  return new AgentError(`${file} does not hold {"reserved": <whole number>}: the numbers leap`, {
    code: "SEQUENCE_CORRUPT",
    retryable: false,
    remedy: "Check the card's health and the power supply.",
  });
}

function unreadable(file: string, cause: unknown): AgentError {
  return new AgentError(`cannot read the sequence file ${file}: ${messageOf(cause)}: the numbers leap`, {
    code: "SEQUENCE_UNREADABLE",
    retryable: false,
    remedy: `Make ${file} a plain file that the agent's user may read and write.`,
    cause,
  });
}

function parseJson(text: string): object | undefined {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}
