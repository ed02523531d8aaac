import type { Cave } from "./cave.ts";
import { failuresOf, type HubCounts } from "./failures.ts";

/** What a run came to. Printed as the last line with --json. */
export interface Summary {
  caves: number;
  /** Assigned to a hub by DPS, in this run or in an earlier one on the same state folder. */
  provisioned: number;
  /** Connected at the end, as the hub sees it. */
  connected: number;
  /** Messages that the agents say the hub has confirmed; one that died, as it said last. */
  telemetryAcknowledged: number;
  /** Messages that still wait in the agents' outboxes: on disk, sent at the next start. Of one that died, as above. */
  telemetryWaiting: number;
  /** Messages that are neither at the hub, each counted once, nor waiting in an agent's outbox. */
  telemetryLost: number;
  /** GetStatus calls that a cave has answered with 200. */
  methodsAnswered: number;
  /** From the start of the first cave until all were online, or until the start-up allowance was over. */
  startSeconds: number;
  /** From the start of the first cave until the caves were told to stop. */
  seconds: number;
  /** From the start of the first cave until the hub had a message of every cave; null if some cave never sent one. */
  firstTelemetrySeconds: number | null;
  /** Resident memory of an agent at the end, mean; null where the system does not tell. */
  memoryPerCaveMiB: number | null;
  /** One line for each thing that went wrong. */
  failures: string[];
}

/** The caves of a run. */
export interface Caves {
  started: ReadonlyMap<string, Cave>;
  /** Those that were not online when the start-up allowance was over. */
  late: ReadonlySet<string>;
  /** Seconds. */
  allowance: number;
}

export type Timing = Pick<Summary, "startSeconds" | "seconds" | "firstTelemetrySeconds" | "memoryPerCaveMiB">;

/** Compares what the caves say with what the hub has. */
export function summarize(
  deviceIds: string[],
  { started, late, allowance }: Caves,
  hub: HubCounts,
  timing: Timing,
): Summary {
  const caves = [...started.values()];
  const lost = new Map(caves.map((cave) => [cave.deviceId, lostBy(cave, hub.unique(cave.deviceId))]));
  const sum = (count: (cave: Cave) => number) => caves.reduce((total, cave) => total + count(cave), 0);
  return {
    caves: deviceIds.length,
    provisioned: caves.filter((cave) => cave.provisioned()).length,
    connected: caves.filter((cave) => hub.connected.includes(cave.deviceId)).length,
    telemetryAcknowledged: sum((cave) => cave.lastCounts()?.acknowledged ?? 0),
    telemetryWaiting: sum((cave) => cave.lastCounts()?.waiting ?? 0),
    telemetryLost: sum((cave) => lost.get(cave.deviceId) ?? 0),
    methodsAnswered: [...hub.answered.values()].reduce((total, answers) => total + answers, 0),
    ...timing,
    failures: deviceIds.flatMap((id) => {
      const lateBy = late.has(id) ? allowance : undefined;
      return failuresOf(id, { cave: started.get(id), lateBy, lost: lost.get(id) ?? 0 }, hub);
    }),
  };
}

/**
 * What was dropped, or confirmed by a hub that does not have it. A cave that died without a word has taken an unknown
 * number: it is named among the failures, not guessed here.
 */
function lostBy(cave: Cave, unique: number): number {
  const counts = cave.finalCounts();
  return counts ? Math.max(0, counts.taken - counts.waiting - unique) : 0;
}
