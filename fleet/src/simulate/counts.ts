import type { FinalCounts } from "./agent-log.ts";

/** What the agents of one cave, one after the other, have counted. */
export interface CaveCounts {
  /** An agent has started: what it will say adds to what those before it have said. */
  begin(): void;
  /** What the newest says; `last` if nothing comes after it. */
  hear(counts: FinalCounts, last?: "last"): void;
  /** Of all; undefined if none has said anything. */
  total(): FinalCounts | undefined;
  /** Whether the newest has said its last. */
  isFinal(): boolean;
}

export function createCounts(): CaveCounts {
  let earlier: FinalCounts | undefined;
  let newest: FinalCounts | undefined;
  let isFinal = false;
  const total = () => (earlier && newest ? followedBy(earlier, newest) : (newest ?? earlier));

  return {
    begin() {
      earlier = total();
      newest = undefined;
      isFinal = false;
    },
    hear(counts, last) {
      if (isFinal) return;
      newest = counts;
      isFinal = last !== undefined;
    },
    total,
    isFinal: () => isFinal,
  };
}

/** An agent counts what an earlier one has left waiting as taken once more. */
function followedBy(one: FinalCounts, next: FinalCounts): FinalCounts {
  return {
    taken: one.taken - one.waiting + next.taken,
    acknowledged: one.acknowledged + next.acknowledged,
    dropped: one.dropped + next.dropped,
    waiting: next.waiting,
  };
}
