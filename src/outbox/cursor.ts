import type { Patience } from "../lib/patience.ts";
import { createRanges, gapsOf, type Range, type Ranges } from "./ranges.ts";
import { openSlots, SLOT_ROOM, type Slots } from "./slots.ts";

/** What no longer waits, as it was last written down: acknowledged, dropped or never there. */
export interface Done {
  /** All up to here. */
  upTo: number;
  /** And these beyond, as far as there was room. */
  beyond: Range[];
  /** The newest sequence at that time. */
  last: number;
}

/** The acknowledge cursor. It is written without a sync: a crash makes it old, which gives doubles, never loss. */
export interface Cursor {
  /** Undefined if there is none, or none that is whole: then all that is on disk waits. */
  read(): Promise<Done | undefined>;
  /** Rejects with the error of the file system. */
  write(waiting: Ranges, last: number, options: { sync: boolean }): Promise<void>;
}

export function createCursor(file: string, patience: Patience): Cursor {
  let slots: Slots | undefined;
  return {
    async read() {
      slots = await patience(() => openSlots(file));
      return slots.text === undefined ? undefined : decode(slots.text);
    },
    async write(waiting, last, options) {
      slots ??= await patience(() => openSlots(file));
      const { write } = slots;
      await patience(() => write(encode(waiting, last), options));
    },
  };
}

/** Takes out of `waiting` what is done. */
export function removeDone(waiting: Ranges, { upTo, beyond }: Done): void {
  waiting.remove(0, upTo);
  for (const { first, last } of beyond) waiting.remove(first, last);
}

function encode(waiting: Ranges, last: number): string {
  const upTo = (waiting.firstAbove(-1) ?? last + 1) - 1;
  const newest = waiting.last() ?? last;
  const gaps = gapsOf(waiting);
  if (newest < last) gaps.push({ first: newest + 1, last });
  const beyond: [number, number][] = [];
  // Two numbers of up to 16 digits and their punctuation.
  let room = SLOT_ROOM - 128;
  for (const gap of gaps) {
    room -= 36;
    if (room < 0) break;
    beyond.push([gap.first, gap.last]);
  }
  return JSON.stringify({ upTo, beyond, last });
}

/** What the checksum of the slot confirms, we wrote: no doubt about its shape. */
function decode(text: string): Done {
  const { upTo, beyond, last } = JSON.parse(text) as {
    upTo: number;
    beyond: [number, number][];
    last: number;
  };
  const ranges = createRanges(beyond.map(([from, to]) => ({ first: from, last: to })));
  return { upTo, beyond: [...ranges.list()], last };
}
