import type { Service } from "../service/service.ts";
import { askOne } from "./poll.ts";
import type { Row } from "./row.ts";

/** Asks caves for their status again and again, each on its own: a slow one keeps no other waiting. */
export interface Poller {
  /**
   * Asks those of `deviceIds` that are due and not being asked, as far as there is room.
   * Resolves when these have answered; rejects with the FleetError if the hub itself cannot be reached.
   */
  ask(deviceIds: string[]): Promise<void>;
  /** What it last answered; undefined before. A row older than 10 s says so. */
  row(deviceId: string): Row | undefined;
  /** Shows `row` for this cave until it answers. */
  put(row: Row): void;
}

export interface PollerOptions {
  service: Service;
  /** Milliseconds between two calls to one cave. */
  every: number;
  /** Milliseconds from any moment on. */
  now?: () => number;
}

/** Calls under way. Those to silent caves take a place each for seconds, so there have to be some more. */
const AT_ONCE = 64;
/** Milliseconds. */
const OLD = 10_000;

export function createPoller({ service, every, now = () => performance.now() }: PollerOptions): Poller {
  const latest = new Map<string, { row: Row; at: number }>();
  const askedAt = new Map<string, number>();
  const underWay = new Set<string>();

  const put = (row: Row) => latest.set(row.cave, { row, at: now() });
  const isDue = (id: string) =>
    !underWay.has(id) && now() - (askedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= every;
  const ask = async (id: string) => {
    underWay.add(id);
    askedAt.set(id, now());
    try {
      put(await askOne(service, id));
    } finally {
      underWay.delete(id);
    }
  };
  return {
    ask: async (deviceIds) => {
      const longestAgo = (a: string, b: string) => (askedAt.get(a) ?? 0) - (askedAt.get(b) ?? 0);
      const due = deviceIds.filter(isDue).sort(longestAgo);
      await Promise.all(due.slice(0, AT_ONCE - underWay.size).map(ask));
    },
    row: (deviceId) => {
      const known = latest.get(deviceId);
      return known && aged(known.row, now() - known.at);
    },
    put,
  };
}

function aged(row: Row, age: number): Row {
  if (age <= OLD) return row;
  const said = `${Math.floor(age / 1000)} s old`;
  return { ...row, problem: row.problem === "" ? said : `${row.problem}, ${said}` };
}
