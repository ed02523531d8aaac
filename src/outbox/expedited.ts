/** The entries that go before all others. */
export interface Expedited {
  add(sequence: number): void;
  size(): number;
  newestFirst(): number[];
  /** The outbox no longer has it. */
  forget(sequence: number): void;
  /** To be replaced by whoever is to hear that one was added. */
  onMore: () => void;
}

/** Beyond these, the oldest go in their turn: a long night of alerts must not fill the memory. */
const MOST = 1000;

export function createExpedited(): Expedited {
  const sequences = new Set<number>();
  const expedited: Expedited = {
    add(sequence) {
      sequences.add(sequence);
      const [oldest] = sequences;
      if (oldest !== undefined && sequences.size > MOST) sequences.delete(oldest);
      expedited.onMore();
    },
    size: () => sequences.size,
    newestFirst: () => [...sequences].reverse(),
    forget: (sequence) => void sequences.delete(sequence),
    onMore: () => undefined,
  };
  return expedited;
}
