import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { JsonValue, Service } from "../service/service.ts";
import { parseStatus } from "../service/status.ts";
import { createPoller } from "../view/poller.ts";
import { emptyRow, type Row, rowFromError } from "../view/row.ts";
import { type Cave, howItEnded } from "./cave.ts";

const ROUND = 1000;
/** Seconds that a cave has which never answered, when it is asked for the last time. */
const LAST_ANSWER_WITHIN = 10;

/** Calls GetStatus of each cave over the service side, again and again, as an operator's tool would. */
export interface Observer {
  /** Answers with status 200, by device id. */
  readonly answered: ReadonlyMap<string, number>;
  /** Resolves when `signal` has aborted. */
  readonly finished: Promise<void>;
  /** Asks every running cave that has never answered once more, and gives it 10 s. */
  askTheSilent(): Promise<void>;
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
  const { deviceIds, cave, every, onRound, signal } = options;
  const answered = new Map<string, number>();
  const service = withEar(options.service, (id, payload) => {
    answered.set(id, (answered.get(id) ?? 0) + 1);
    const said = parseStatus(payload);
    if (said) cave(id)?.heard(said.outbox);
  });
  const poller = createPoller({ service, every });

  const loop = async () => {
    while (!signal.aborted) {
      const online = deviceIds.filter((id) => cave(id)?.online());
      // Not waited for: a cave that is slow to answer must not hold up the others, nor the end.
      poller.ask(online).catch((error: unknown) => {
        for (const id of online) poller.put(rowFromError(id, new Error(messageOf(error))));
      });
      onRound(deviceIds.map((id) => rowOf(id, cave(id), poller.row(id))));
      await delay(ROUND, undefined, { signal }).catch(() => undefined);
    }
  };
  return {
    answered,
    finished: loop(),
    askTheSilent: async () => {
      const silent = deviceIds.filter((id) => !answered.has(id) && cave(id)?.ended() === undefined);
      const ask = (id: string) => service.invoke(id, "GetStatus", null, { timeout: LAST_ANSWER_WITHIN });
      await Promise.allSettled(silent.map(ask));
    },
  };
}

/** The same service; `hear` is told of every answer with status 200. */
function withEar(service: Service, hear: (deviceId: string, payload: JsonValue) => void): Service {
  return {
    ...service,
    invoke: async (deviceId, ...rest) => {
      const answer = await service.invoke(deviceId, ...rest);
      if (answer.status === 200) hear(deviceId, answer.payload);
      return answer;
    },
  };
}

function rowOf(deviceId: string, cave: Cave | undefined, latest: Row | undefined): Row {
  if (!cave) return emptyRow(deviceId, "waiting");
  const end = cave.ended();
  if (end) {
    const acknowledged = cave.lastCounts()?.acknowledged ?? null;
    if (end.exitCode === 0) return { ...emptyRow(deviceId, "stopped"), acknowledged };
    const failed = emptyRow(deviceId, "failed", end.lastError || `ended ${howItEnded(end)}`);
    return { ...failed, acknowledged };
  }
  if (!cave.online()) return emptyRow(deviceId, cave.provisioned() ? "connecting" : "starting");
  return latest ?? emptyRow(deviceId, "online");
}
