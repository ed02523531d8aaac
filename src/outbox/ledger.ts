import type { OutboxEvent } from "./health.ts";
import type { OutboxCounts } from "./outbox.ts";
import { createRanges, type Ranges } from "./ranges.ts";

/** Who waits, and what has become of the others. `taken = acknowledged + dropped + waiting` always holds. */
export interface Ledger {
  /** Changed through the other methods only. */
  readonly waiting: Ranges;
  admit(sequence: number): void;
  /** Adds what an earlier run has left waiting; `last` is the newest sequence that is known of. */
  admitAll(sequences: Ranges, last: number): void;
  /** False if it does not wait. */
  acknowledge(sequence: number): boolean;
  /** Those of `sequences` that waited had to go; said if there are any. */
  drop(sequences: Ranges, reason: "bytes" | "age"): void;
  /** Those of `sequences` that waited cannot be read; said if there are any. */
  lose(file: string, sequences: Ranges): void;
  /** This one had to go; it is for the caller to say. False if it does not wait. */
  dropOne(sequence: number): boolean;
  counts(): OutboxCounts;
}

export function createLedger(say: (event: OutboxEvent) => void): Ledger {
  const waiting = createRanges();
  const counts = { taken: 0, acknowledged: 0, dropped: 0, lastSequence: 0 };

  function discard(sequences: Ranges): number {
    let count = 0;
    for (const { first, last } of sequences.list()) count += waiting.remove(first, last);
    counts.dropped += count;
    return count;
  }

  return {
    waiting,
    admit(sequence) {
      waiting.add(sequence);
      counts.taken += 1;
      counts.lastSequence = Math.max(counts.lastSequence, sequence);
    },
    admitAll(sequences, last) {
      for (const range of sequences.list()) waiting.add(range.first, range.last);
      counts.taken += sequences.size();
      counts.lastSequence = Math.max(counts.lastSequence, last);
    },
    acknowledge(sequence) {
      const isKnown = waiting.remove(sequence) > 0;
      if (isKnown) counts.acknowledged += 1;
      return isKnown;
    },
    drop(sequences, reason) {
      const count = discard(sequences);
      if (count > 0) say({ kind: "dropped", reason, count });
    },
    lose(file, sequences) {
      const count = discard(sequences);
      if (count > 0) say({ kind: "damaged", file, count });
    },
    dropOne(sequence) {
      const isKnown = waiting.remove(sequence) > 0;
      if (isKnown) counts.dropped += 1;
      return isKnown;
    },
    counts() {
      const { taken, acknowledged, dropped, lastSequence } = counts;
      return { taken, acknowledged, waiting: waiting.size(), dropped, lastSequence };
    },
  };
}
