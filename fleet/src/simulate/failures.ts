import { type Cave, type CaveEnd, howItEnded } from "./cave.ts";

/** What was counted on the hub's side. */
export interface HubCounts {
  connected: string[];
  /** Different messages the hub has of one device. */
  unique(deviceId: string): number;
  /** GetStatus answers by device id. */
  answered: ReadonlyMap<string, number>;
}

/** What is known of one cave after a run. */
export interface Outcome {
  /** Undefined if it was not started. */
  cave: Cave | undefined;
  /** Seconds of the start-up allowance, if it was not online by then. */
  lateBy: number | undefined;
  /** Messages. */
  lost: number;
}

/** What went wrong with one cave, a sentence each; what follows from another sentence is not said. */
export function failuresOf(deviceId: string, { cave, lateBy, lost }: Outcome, hub: HubCounts): string[] {
  if (!cave) return [`${deviceId}: was not started, the run was over too soon`];
  const end = cave.ended();
  const standing = deathOf(cave) ?? endOf(cave, end) ?? standingOf(cave, lateBy, hub);
  const failures = [standing, cave.provisioned() ? countsOf(cave, end, lost) : undefined];
  return failures.flatMap((failure) => (failure === undefined ? [] : [`${deviceId}: ${failure}`]));
}

/** How it ended, if nobody here had asked it to. */
export function deathOf(cave: Cave): string | undefined {
  const end = cave.ended();
  return end?.unexpected ? `ended by itself, ${howItEnded(end)}${because(end)}` : undefined;
}

/** Set if it did not stop as asked when asked. */
function endOf(cave: Cave, end: CaveEnd | undefined): string | undefined {
  if (!cave.provisioned()) return `was not provisioned${because(end)}`;
  if (end?.killed) return "did not stop in time and was killed";
  // No exit code: the signal came while node was still starting, which is no fault of the agent.
  return end?.exitCode ? `stopped, but ${howItEnded(end)}${because(end)}` : undefined;
}

function because(end: CaveEnd | undefined): string {
  return end?.lastError ? `: ${end.lastError}` : "";
}

function standingOf({ deviceId }: Cave, lateBy: number | undefined, hub: HubCounts): string | undefined {
  if (!hub.connected.includes(deviceId)) return "was not connected at the end";
  if (!hub.answered.has(deviceId)) return "never answered GetStatus";
  return lateBy === undefined ? undefined : `was not online within the first ${lateBy} s`;
}

function countsOf(cave: Cave, end: CaveEnd | undefined, lost: number): string | undefined {
  if (lost > 0) return `${lost} of its messages ${lost === 1 ? "is" : "are"} not at the hub`;
  // Who was killed or crashed could not say.
  const isExplained = end?.killed || end?.unexpected;
  return cave.finalCounts() || isExplained ? undefined : "did not say what it had sent";
}
