import type { Entry, Outbox, OutboxCounts } from "./outbox.ts";
import type { Sequence } from "./sequence.ts";
import { createWaiters } from "./waiters.ts";

export interface MemoryOutboxOptions {
  /** Entries that may wait at a time, a whole number ≥ 1. */
  capacity: number;
  sequence: Sequence;
}

/**
 * An outbox that survives the loss of the network, not of the process. When it is full, room is made for the newest
 * entry: the oldest that is not urgent goes, and the oldest of all only if every one is urgent. An alert of yesterday
 * says more than an ordinary sample of yesterday; and the newest is always kept.
 */
export function createMemoryOutbox<T>(options: MemoryOutboxOptions): Outbox<T> {
  const { capacity, sequence } = options;
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new RangeError(`capacity: ${capacity} is no whole number ≥ 1`);
  }
  const lines = createLines<T>();
  const waiters = createWaiters();
  const counts: Omit<OutboxCounts, "waiting"> = { taken: 0, acknowledged: 0, dropped: 0, lastSequence: 0 };
  let queue: Promise<unknown> = Promise.resolve();

  async function take(payload: T, urgent: boolean): Promise<Entry<T>> {
    const entry: Entry<T> = { sequence: await sequence.next(), payload, urgent };
    if (lines.size() >= capacity && lines.removeOldest()) counts.dropped += 1;
    lines.add(entry);
    counts.taken += 1;
    counts.lastSequence = entry.sequence;
    waiters.check();
    return entry;
  }

  return {
    append(payload, { urgent = false } = {}) {
      // In the order of the calls, whatever the sequence does; one that fails must not hold up the next.
      const run = (): Promise<Entry<T>> => take(payload, urgent);
      const taken = queue.then(run, run);
      queue = taken;
      return taken;
    },
    read: async (after, limit) => lines.above(after, limit),
    acknowledge(acknowledged) {
      if (lines.remove(acknowledged)) counts.acknowledged += 1;
    },
    waitFor: (after, signal) => waiters.wait(() => lines.above(after, 1).length > 0, signal),
    counts: () => ({ ...counts, waiting: lines.size() }),
    close: async () => {},
  };
}

interface Lines<T> {
  add(entry: Entry<T>): void;
  remove(sequence: number): boolean;
  removeOldest(): boolean;
  above(after: number, limit: number): Entry<T>[];
  size(): number;
}

/** Entries by sequence, oldest first as Maps iterate; the ordinary ones once more, so that the oldest is at hand. */
function createLines<T>(): Lines<T> {
  const all = new Map<number, Entry<T>>();
  const ordinary = new Set<number>();

  function remove(sequence: number): boolean {
    ordinary.delete(sequence);
    return all.delete(sequence);
  }

  return {
    add(entry) {
      all.set(entry.sequence, entry);
      if (!entry.urgent) ordinary.add(entry.sequence);
    },
    remove,
    removeOldest() {
      const [oldest = firstOf(all.keys())] = ordinary;
      return oldest !== undefined && remove(oldest);
    },
    above(after, limit) {
      const found: Entry<T>[] = [];
      for (const entry of all.values()) {
        if (found.length >= limit) break;
        if (entry.sequence > after) found.push(entry);
      }
      return found;
    },
    size: () => all.size,
  };
}

function firstOf<V>(values: Iterable<V>): V | undefined {
  const [first] = values;
  return first;
}
