import { isSilent } from "../lib/patience.ts";
import type { Record } from "./frame.ts";
import type { Keeper } from "./keeper.ts";
import type { Entry } from "./outbox.ts";
import type { Ranges } from "./ranges.ts";

/** Files that one read may find unreadable: a disk that gives none must not keep back what is in memory. */
const MOST_FAILURES = 3;

/** What `read` of the outbox promises, over what waits and where it is kept. */
export function createRead<T>(
  waiting: Ranges,
  keeper: Pick<Keeper, "find" | "unreadableTo" | "inMemory">,
): (after: number, limit: number) => Promise<Entry<T>[]> {
  async function find(sequence: number): Promise<Record | undefined> {
    // Once more: it may have moved between disk and memory under the first look.
    const record = (await keeper.find(sequence)) ?? (await keeper.find(sequence));
    return record && waiting.has(sequence) ? record : undefined;
  }

  /** Goes on behind what a file holds that cannot be read. Rejects once it is the disk that gives nothing. */
  async function readOldest(after: number, limit: number, entries: Entry<T>[]): Promise<void> {
    let failures = 0;
    let next = waiting.firstAbove(after);
    while (next !== undefined && entries.length < limit) {
      let done = keeper.unreadableTo(next);
      if (done === undefined) {
        try {
          const record = await find(next);
          if (record) entries.push(toEntry(record));
          done = next;
        } catch (error) {
          failures += 1;
          if (isSilent(error) || failures >= MOST_FAILURES) throw error;
          done = keeper.unreadableTo(next) ?? next;
        }
      }
      next = waiting.firstAbove(done);
    }
  }

  return async (after, limit) => {
    const entries: Entry<T>[] = [];
    try {
      await readOldest(after, limit, entries);
    } catch (error) {
      // What a disk owes must not keep back what it is not asked for.
      let last = entries.at(-1)?.sequence ?? after;
      for (const record of keeper.inMemory()) {
        if (entries.length >= limit) break;
        if (record.sequence <= last || !waiting.has(record.sequence)) continue;
        entries.push(toEntry(record));
        last = record.sequence;
      }
      if (entries.length === 0) throw error;
    }
    return entries;
  };
}

function toEntry<T>({ sequence, urgent, body }: Record): Entry<T> {
  return { sequence, payload: JSON.parse(body.toString()) as T, urgent };
}
