import type { GuardState } from "../cave/guard.ts";
import { guardFromRecord, guardToRecord } from "../cave/guard-record.ts";
import { overrideFromRecord, overrideToRecord } from "../cave/override-record.ts";
import { initialSteering, type SteerState } from "../cave/steer.ts";
import { AgentError, causeOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { StateFile } from "../lib/state-file.ts";
import type { Logger } from "../log.ts";

/** Guard and override, as their rooms write them; read unchecked, their rooms check them. */
export interface FanRecord {
  guard: unknown;
  override: unknown;
}

export function parseFanRecord(content: unknown): FanRecord | undefined {
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

export async function restoreSteering(
  file: Pick<StateFile<FanRecord>, "read">,
  clock: Clock,
  log: Logger,
): Promise<RestoredSteering> {
  const record = await file.read();
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

function stateDamaged(problem: string): AgentError {
  return new AgentError(problem, {
    code: "STATE_DAMAGED",
    retryable: false,
    remedy: "nothing: the agent begins anew; if it repeats, check the card's health and the power supply",
  });
}
