import type { Clock } from "../lib/clock.ts";
import { fileUnreadable, type OutboxEvent } from "./health.ts";

/** The files of the outbox that cannot be read now. Each is told once, and again once it is over. */
export interface Unreadable {
  add(file: string, error: unknown): void;
  /** It can be read, or is no longer there. */
  remove(file: string): void;
  has(file: string): boolean;
  /** True if it is too early to try this one again. */
  isResting(file: string): boolean;
  isEmpty(): boolean;
}

/** Milliseconds until it is tried again: doubled each time, up to the second. */
const REST = { first: 1000, most: 60_000 };

export function createUnreadable(clock: Clock, say: (event: OutboxEvent) => void): Unreadable {
  const files = new Map<string, { rest: number; until: number }>();
  return {
    add(file, error) {
      const known = files.get(file);
      const rest = known ? Math.min(2 * known.rest, REST.most) : REST.first;
      files.set(file, { rest, until: clock.monotonic() + rest });
      if (!known) say({ kind: "unreadable", file, cause: fileUnreadable(file, error) });
    },
    remove(file) {
      if (files.delete(file)) say({ kind: "readable", file });
    },
    has: (file) => files.has(file),
    isResting: (file) => (files.get(file)?.until ?? -Infinity) > clock.monotonic(),
    isEmpty: () => files.size === 0,
  };
}
