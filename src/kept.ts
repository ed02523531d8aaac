import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { GuardState } from "./cave/guard.ts";
import { guardFromRecord, guardToRecord } from "./cave/guard-record.ts";
import { overrideFromRecord, overrideToRecord } from "./cave/override-record.ts";
import type { Settings } from "./cave/settings.ts";
import { initialSteering, type SteerState } from "./cave/steer.ts";
import { configError } from "./config.ts";
import { AgentError, causeOf, messageOf } from "./errors.ts";
import { type KeptAssignment, parseAssignment } from "./hub/assignment.ts";
import { parseKeptSettings } from "./hub/twin.ts";
import type { Clock } from "./lib/clock.ts";
import { makeFolder } from "./lib/make-folder.ts";
import { createStateFile, type StateFile } from "./lib/state-file.ts";
import type { Logger } from "./log.ts";
import { type KeptSensor, parseKeptSensor } from "./sensor/auto.ts";

/** The agent's small state: a file each, in the state directory. */
export interface Kept {
  assignment: StateFile<KeptAssignment>;
  settings: StateFile<Partial<Settings>>;
  fan: StateFile<FanRecord>;
  sensor: StateFile<KeptSensor>;
}

/** Guard and override, as their rooms write them; read unchecked, their rooms check them. */
interface FanRecord {
  guard: unknown;
  override: unknown;
}

/** Rejects with `CONFIG_INVALID` if the state directory cannot be one. A disk that cannot be written is no reason. */
export async function checkStateDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw configError(`state.directory: ${directory} is a file, not a folder`, "name a folder, or a new one");
  }
}

export async function openKept(directory: string, log: Logger): Promise<Kept> {
  const onFault = (error: unknown) =>
    log.warn(
      { event: "state-fault", ...causeOf(stateNotKept(error)) },
      "state that outlives a restart cannot be kept",
    );
  await makeFolder(directory).catch(onFault);
  const file = <T>(name: string, parse: (content: unknown) => T | undefined) =>
    createStateFile(join(directory, `${name}.json`), parse, onFault);
  return {
    assignment: file("assignment", parseAssignment),
    settings: file("settings", parseKeptSettings),
    fan: file("fan", parseFanRecord),
    sensor: file("sensor", parseKeptSensor),
  };
}

/** What the file system has raised, as an error of ours. */
export function stateNotKept(error: unknown): AgentError {
  return new AgentError(messageOf(error), {
    code: "STATE_NOT_KEPT",
    retryable: true,
    remedy: "check the state directory: its owner, free space, mount options and the card's health",
    cause: error,
  });
}

function stateDamaged(problem: string): AgentError {
  return new AgentError(problem, {
    code: "STATE_DAMAGED",
    retryable: false,
    remedy: "nothing: the agent begins anew; if it repeats, check the card's health and the power supply",
  });
}

function parseFanRecord(content: unknown): FanRecord | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const { guard, override } = content as Partial<FanRecord>;
  return { guard, override };
}

export function fanRecord({ guard, controller }: SteerState, clock: Clock): FanRecord {
  const now = clock.monotonic();
  return {
    guard: guardToRecord(guard, now),
    override: overrideToRecord(controller.override, now, clock.now()),
  };
}

/** What an earlier run left of guard and override. */
export interface RestoredSteering {
  /** For as long as nobody knows where the fan is. */
  initial: SteerState;
  /** The guard once the fan was found on or off; undefined: it could not be found. */
  guard: (found: boolean | undefined) => GuardState;
}

export async function restoreSteering(kept: Kept, clock: Clock, log: Logger): Promise<RestoredSteering> {
  const record = await kept.fan.read();
  const now = clock.monotonic();
  const guard = guardFromRecord(record?.guard, now, undefined);
  const override = overrideFromRecord(record?.override, now, clock.now());
  for (const { problem } of [guard, override]) {
    if (!problem) continue;
    log.warn(
      { event: "state-unusable", ...causeOf(stateDamaged(problem)) },
      `kept state is not used: ${problem}`,
    );
  }
  const initial = initialSteering(guard.state, now);
  return {
    initial: { ...initial, controller: { ...initial.controller, override: override.state } },
    guard: (found) => guardFromRecord(record?.guard, clock.monotonic(), found).state,
  };
}
