import { type Cave, howItEnded } from "./cave.ts";

/** What a run came to. Printed as the last line with --json. */
export interface Summary {
  caves: number;
  /** Assigned to a hub by DPS during this run. */
  provisioned: number;
  /** Connected at the end, as the hub sees it. */
  connected: number;
  /** Messages that the agents say the hub has confirmed. */
  telemetryAcknowledged: number;
  /** Messages that the agents say they took, minus those that the hub has, each counted once. */
  telemetryLost: number;
  /** GetStatus calls that a cave has answered with 200. */
  methodsAnswered: number;
  /** From the start of the first cave until the caves were told to stop. */
  seconds: number;
  /** From the start of the first cave until the hub had a message of every cave; null if it never did. */
  firstTelemetrySeconds: number | null;
  /** Resident memory of an agent at the end, mean; null where the system does not tell. */
  memoryPerCaveMiB: number | null;
  /** One line for each thing that went wrong. */
  failures: string[];
}

/** What was counted on the hub's side. */
export interface HubCounts {
  connected: string[];
  /** Different messages the hub has of one device. */
  unique(deviceId: string): number;
  /** GetStatus answers by device id. */
  answered: ReadonlyMap<string, number>;
}

export type Timing = Pick<Summary, "seconds" | "firstTelemetrySeconds" | "memoryPerCaveMiB">;

/** Compares what the caves say with what the hub has. */
export function summarize(
  deviceIds: string[],
  started: ReadonlyMap<string, Cave>,
  hub: HubCounts,
  timing: Timing,
): Summary {
  const caves = [...started.values()];
  const neverStarted = deviceIds.filter((id) => !started.has(id));
  const counts = caves.map((cave) => lostBy(cave, hub.unique(cave.deviceId)));
  return {
    caves: deviceIds.length,
    provisioned: caves.filter((cave) => cave.provisioned()).length,
    connected: caves.filter((cave) => hub.connected.includes(cave.deviceId)).length,
    telemetryAcknowledged: caves.reduce((sum, cave) => sum + (cave.finalCounts()?.acknowledged ?? 0), 0),
    telemetryLost: counts.reduce((sum, lost) => sum + lost, 0),
    methodsAnswered: [...hub.answered.values()].reduce((sum, answers) => sum + answers, 0),
    ...timing,
    failures: [
      ...caves.flatMap((cave, index) => failuresOf(cave, hub, counts[index] ?? 0)),
      ...neverStarted.map((id) => `${id} was not started: the run was over too soon`),
    ],
  };
}

/** A cave that died without a word has taken an unknown number: it is named among the failures, not guessed here. */
function lostBy(cave: Cave, unique: number): number {
  return Math.max(0, (cave.finalCounts()?.taken ?? 0) - unique);
}

function failuresOf(cave: Cave, hub: HubCounts, lost: number): string[] {
  const failures: string[] = [];
  const end = cave.ended();
  const because = end?.lastError ? `: ${end.lastError}` : "";
  if (end?.killed) failures.push("did not stop in time and was killed");
  else if (end?.unexpected) failures.push(`ended by itself, ${howItEnded(end)}${because}`);
  // No exit code: the signal came while node was still starting, which is no fault of the agent.
  else if (end?.exitCode) failures.push(`stopped, but ${howItEnded(end)}${because}`);
  if (!cave.provisioned()) failures.push(`was not provisioned${because}`);
  else if (!hub.connected.includes(cave.deviceId)) failures.push("was not connected at the end");
  else if (!hub.answered.has(cave.deviceId)) failures.push("never answered GetStatus");
  if (!cave.finalCounts()) failures.push("did not say what it had sent");
  if (lost > 0) failures.push(`${lost} of its messages are not at the hub`);
  return failures.map((failure) => `${cave.deviceId} ${failure}`);
}
