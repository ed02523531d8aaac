import type { Clock } from "./clock.ts";

/** What was held back of a kind since the last one was let through. */
export interface HeldBack {
  suppressed: number;
  /** What they were, each once; the first ten. */
  texts: string[];
}

export interface Permission extends HeldBack {
  allowed: boolean;
}

/** At most one of a kind in a time, with a count of the others. */
export interface RateLimit {
  /** Asks for `text`, one of the kind `key`. When it is allowed, what was held back is told once and counted anew. */
  allow(key: string, text?: string): Permission;
  /** What was held back and not told yet, by kind; it is counted anew. For the end, or for a quiet moment. */
  flush(): (HeldBack & { key: string })[];
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

const MOST_TEXTS = 10;

interface Kind {
  allowedAt: number;
  suppressed: number;
  texts: Set<string>;
}

const newKind = (): Kind => ({ allowedAt: Number.NEGATIVE_INFINITY, suppressed: 0, texts: new Set() });

function hold(kind: Kind, count: number, texts: Iterable<string>): void {
  kind.suppressed += count;
  for (const text of texts) if (kind.texts.size < MOST_TEXTS) kind.texts.add(text);
}

/** What it has held back, told and counted anew. */
function release(kind: Kind): HeldBack {
  const held = { suppressed: kind.suppressed, texts: [...kind.texts] };
  kind.suppressed = 0;
  kind.texts.clear();
  return held;
}

export function createRateLimit({ clock, every, kinds = MOST_KINDS }: RateLimitOptions): RateLimit {
  // In the order of `allowedAt`, so that the first is the first to be over.
  const known = new Map<string, Kind>();
  const others = newKind();

  function hasPlace(now: number): boolean {
    if (known.size < kinds) return true;
    const [oldest] = known;
    if (!oldest || now - oldest[1].allowedAt < every) return false;
    // Nobody has been told of what it held back: the next of the others tells it.
    hold(others, oldest[1].suppressed, oldest[1].texts);
    return known.delete(oldest[0]);
  }

  function place(key: string, now: number): Kind {
    const kind = known.get(key) ?? newKind();
    if (now - kind.allowedAt < every) return kind;
    if (!known.delete(key) && !hasPlace(now)) return others;
    known.set(key, kind);
    return kind;
  }

  return {
    allow(key, text = key) {
      const now = clock.monotonic();
      const kind = place(key, now);
      if (now - kind.allowedAt < every) {
        hold(kind, 1, [text]);
        return { allowed: false, suppressed: kind.suppressed, texts: [...kind.texts] };
      }
      kind.allowedAt = now;
      return { allowed: true, ...release(kind) };
    },
    flush() {
      const held = [...known, [OTHERS, others] as const].filter(([, { suppressed }]) => suppressed > 0);
      return held.map(([key, kind]) => ({ key, ...release(kind) }));
    },
  };
}
