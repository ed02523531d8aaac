import type { Clock } from "./clock.ts";

/** Whether to let something through, and how many of its kind were held back since the last one. */
export interface Permission {
  allowed: boolean;
  suppressed: number;
}

/** At most one of a kind in a time, with a count of the others. */
export interface RateLimit {
  /** Asks for one of the kind `key`. When it is allowed, `suppressed` is told once and counted anew. */
  allow(key: string): Permission;
  /** What was held back and not told yet, by kind; it is counted anew. For the end, or for a quiet moment. */
  flush(): { key: string; suppressed: number }[];
}

export interface RateLimitOptions {
  clock: Pick<Clock, "monotonic">;
  /** Milliseconds between two of one kind. */
  every: number;
  /** Kinds that are told apart at a time; those beyond share one place. */
  kinds?: number;
}

/** Stands for all kinds that there was no place for. */
export const OTHERS = "others";

const MOST_KINDS = 1000;

interface Kind {
  allowedAt: number;
  suppressed: number;
}

export function createRateLimit({ clock, every, kinds = MOST_KINDS }: RateLimitOptions): RateLimit {
  // In the order of `allowedAt`, so that the first is the first to be over.
  const known = new Map<string, Kind>();
  const others: Kind = { allowedAt: Number.NEGATIVE_INFINITY, suppressed: 0 };

  function hasPlace(now: number): boolean {
    if (known.size < kinds) return true;
    const [oldest] = known;
    if (!oldest || now - oldest[1].allowedAt < every) return false;
    // Nobody has been told of what it held back: the next of the others tells it.
    others.suppressed += oldest[1].suppressed;
    return known.delete(oldest[0]);
  }

  function place(key: string, now: number): Kind {
    const kind = known.get(key) ?? { allowedAt: Number.NEGATIVE_INFINITY, suppressed: 0 };
    if (now - kind.allowedAt < every) return kind;
    if (!known.delete(key) && !hasPlace(now)) return others;
    known.set(key, kind);
    return kind;
  }

  return {
    allow(key) {
      const now = clock.monotonic();
      const kind = place(key, now);
      if (now - kind.allowedAt < every) {
        kind.suppressed += 1;
        return { allowed: false, suppressed: kind.suppressed };
      }
      const { suppressed } = kind;
      kind.allowedAt = now;
      kind.suppressed = 0;
      return { allowed: true, suppressed };
    },
    flush() {
      const held = [...known, [OTHERS, others] as const].filter(([, { suppressed }]) => suppressed > 0);
      return held.map(([key, kind]) => {
        const { suppressed } = kind;
        kind.suppressed = 0;
        return { key, suppressed };
      });
    },
  };
}
