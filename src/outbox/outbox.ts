/** One kept payload and its place in the line. */
export interface Entry<T> {
  /** Starts at 1, grows by one with every entry, never repeats or goes back, not even across a restart. */
  sequence: number;
  payload: T;
  /** True for what must reach the cloud first: an alert, a fan change. */
  urgent: boolean;
}

/** Counts since the agent started, except `waiting`, which is now. `taken = acknowledged + dropped + waiting`,
 *  where `taken` includes what an earlier run had left waiting. */
export interface OutboxCounts {
  taken: number;
  acknowledged: number;
  waiting: number;
  dropped: number;
  /** Sequence of the newest entry ever taken; 0 before the first. */
  lastSequence: number;
}

/**
 * The port of this room: what is appended stays until it is acknowledged, or until a bound is reached, when the
 * oldest goes first and is counted. One reader, the courier, walks it by sequence; entries may be acknowledged out of
 * order (an alert overtakes), space is given back in order.
 */
export interface Outbox<T> {
  /** Keeps `payload`. Resolves once it would survive what this outbox promises to survive. */
  append(payload: T, options?: { urgent?: boolean }): Promise<Entry<T>>;
  /**
   * Up to `limit` unacknowledged entries with a sequence above `after`, oldest first, without those in a file that cannot
   * be read: they come once it can. If it is the disk that does not answer, those in memory; rejects if none is.
   */
  read(after: number, limit: number): Promise<Entry<T>[]>;
  /**
   * True while the entry waits: taken, and neither acknowledged nor dropped. Whether it can be read just now is not
   * asked.
   */
  has(sequence: number): boolean;
  /** The cloud has said that it has this entry. Unknown or repeated sequences are ignored. */
  acknowledge(sequence: number): void;
  /** It can never be sent, for the reason `cause`: it goes, and is counted as dropped. Otherwise as `acknowledge`. */
  discard(sequence: number, cause: unknown): void;
  /**
   * Resolves as soon as an unacknowledged entry with a sequence above `after` exists, or what an earlier run has left was
   * found only now.
   */
  waitFor(after: number, signal: AbortSignal): Promise<void>;
  counts(): OutboxCounts;
  /** Writes down what is not yet on disk. The outbox is not used again. */
  close(): Promise<void>;
}
