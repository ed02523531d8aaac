import { stat } from "node:fs/promises";
import { configError } from "../config.ts";
import { type AgentError, causeOf, isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { createPatience, ENDLESS, type Patience, READ } from "../lib/patience.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { WriteRight } from "../lib/write-right.ts";
import type { Logger } from "../log.ts";
import { createStateClaim } from "./claim.ts";
import { bindState } from "./device.ts";
import { type Kept, openKept, stateNotKept } from "./kept.ts";
import { refuseTooLong } from "./lock.ts";

/** The state directory, in the hands of this agent for as long as it runs. */
export interface State {
  kept: Kept;
  /** For whatever else is written there. */
  right: WriteRight;
  /** For whatever else is read and written there. */
  patience: Patience;
  /** Writes again, once a minute, what could not be written; resolves once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Another agent may take the directory. */
  close(): Promise<void>;
}

export interface StateParts {
  directory: string;
  deviceId: string;
  log: Logger;
  clock: Clock;
  /** Why the directory is somebody else's, now that it could be used; undefined: it is ours. */
  onClaim: (refusal: AgentError | undefined) => void;
  /** Why some of it cannot be kept; undefined: all of it can. */
  onKept: (fault: AgentError | undefined) => void;
}

const RETRY = 60_000;

/**
 * Rejects with `CONFIG_INVALID` if the directory cannot be one, with `STATE_IN_USE` or `STATE_OF_ANOTHER_DEVICE` if it is
 * somebody else's. A disk that cannot be written, or hangs, is told, and is no reason.
 */
export async function openState(parts: StateParts): Promise<State> {
  const { directory, deviceId, log, clock, onClaim, onKept } = parts;
  const patience = createPatience(directory, clock);
  await checkStateDirectory(directory, patience);
  const claim = createStateClaim({ directory, deviceId, clock, patience, onChange: onClaim });
  await takeUnlessBroken(claim, directory, log);
  const kept = await openKept({ directory, log, right: claim, patience, onChange: onKept });
  await bindState(kept.device, deviceId);
  return {
    kept,
    right: claim,
    patience,
    run: (signal) => everyPeriod(() => RETRY, kept.writeAgain, clock, signal),
    close: claim.release,
  };
}

/** Rejects with `CONFIG_INVALID` if the state directory cannot be one. A disk that cannot be written is no reason. */
export async function checkStateDirectory(directory: string, patience = ENDLESS): Promise<void> {
  refuseTooLong(directory);
  const found = await patience(() => stat(directory), READ).catch(() => undefined);
  if (found && !found.isDirectory()) {
    throw configError(`state.directory: ${directory} is a file, not a folder`, "name a folder, or a new one");
  }
}

/** Where nothing can be written, that is told, and is no reason to leave the cave alone: whoever writes there tries again. */
async function takeUnlessBroken(state: WriteRight, directory: string, log: Logger): Promise<void> {
  await state.take().catch((error: unknown) => {
    if (isAgentError(error) && !error.retryable) throw error;
    log.warn(
      { event: "state-unlocked", ...causeOf(stateNotKept(error, directory)) },
      "the state directory cannot be locked",
    );
  });
}
