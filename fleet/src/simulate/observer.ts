import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { Service } from "../service/service.ts";
import { pollStatus } from "../view/poll.ts";
import { emptyRow, type Row, rowFromError } from "../view/row.ts";
import { type Cave, howItEnded } from "./cave.ts";

const ROUND = 1000;

/** Calls GetStatus of each cave over the service side, again and again, as an operator's tool would. */
export interface Observer {
  /** Answers with status 200, by device id. */
  readonly answered: ReadonlyMap<string, number>;
  /** Resolves when `signal` has aborted. */
  readonly finished: Promise<void>;
}

export interface ObserverOptions {
  service: Service;
  deviceIds: string[];
  /** Undefined before it is started. */
  cave(deviceId: string): Cave | undefined;
  /** Milliseconds between two calls to one cave. */
  every: number;
  onRound(rows: Row[]): void;
  signal: AbortSignal;
}

export function observe(options: ObserverOptions): Observer {
  const { service, deviceIds, cave, every, onRound, signal } = options;
  const answered = new Map<string, number>();
  const latest = new Map<string, Row>();
  const askedAt = new Map<string, number>();
  const counting = countAnswers(service, answered);

  const round = async () => {
    const now = performance.now();
    const due = deviceIds.filter((id) => {
      const neverOrLongAgo = now - (askedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= every;
      return neverOrLongAgo && cave(id)?.online();
    });
    for (const id of due) askedAt.set(id, now);
    for (const row of await poll(counting, due)) latest.set(row.cave, row);
  };
  const rows = () => deviceIds.map((id) => rowOf(id, cave(id), latest.get(id)));
  const stopped = aborted(signal);
  const loop = async () => {
    while (!signal.aborted) {
      // Calls under way are not waited for: the end has to come at once.
      await Promise.race([round(), stopped]);
      onRound(rows());
      await delay(ROUND, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    answered,
    finished: loop(),
  };
}

async function poll(service: Service, deviceIds: string[]): Promise<Row[]> {
  try {
    return await pollStatus(service, deviceIds);
  } catch (error) {
    return deviceIds.map((id) => rowFromError(id, new Error(messageOf(error))));
  }
}

function countAnswers(service: Service, answered: Map<string, number>): Service {
  return {
    ...service,
    invoke: async (deviceId, ...rest) => {
      const answer = await service.invoke(deviceId, ...rest);
      if (answer.status === 200) answered.set(deviceId, (answered.get(deviceId) ?? 0) + 1);
      return answer;
    },
  };
}

function rowOf(deviceId: string, cave: Cave | undefined, latest: Row | undefined): Row {
  if (!cave) return emptyRow(deviceId, "waiting");
  const end = cave.ended();
  if (end) {
    if (end.exitCode === 0) return emptyRow(deviceId, "stopped");
    return emptyRow(deviceId, "failed", end.lastError || `ended ${howItEnded(end)}`);
  }
  if (!cave.online()) return emptyRow(deviceId, cave.provisioned() ? "connecting" : "starting");
  return latest ?? emptyRow(deviceId, "online");
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
