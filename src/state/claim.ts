import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AgentError, isAgentError } from "../errors.ts";
import { isAbsence } from "../lib/absence.ts";
import type { Clock } from "../lib/clock.ts";
import { ENDLESS, type Patience, READ } from "../lib/patience.ts";
import { shared } from "../lib/shared.ts";
import type { WriteRight } from "../lib/write-right.ts";
import { refuseOtherDevice } from "./device.ts";
import { lockState, type StateLock } from "./lock.ts";

/** The right of this agent, for this device, to write to its state directory. */
export interface StateClaim extends WriteRight {
  release(): Promise<void>;
}

export interface StateClaimParts {
  directory: string;
  deviceId: string;
  clock: Clock;
  /** Left out: a disk that hangs is waited for. */
  patience?: Patience;
  /** After a first try that has failed: why it is somebody else's; undefined: it was taken. */
  onChange: (refusal: AgentError | undefined) => void;
}

/**
 * Rejects with the error of the file system while nothing can be written there; with an AgentError, `STATE_IN_USE` or
 * `STATE_OF_ANOTHER_DEVICE`, if it is somebody else's. Once another agent has worked on it, it is not taken any more: what
 * was read from it before is not what is there now. What could not be seen before was not read either, and is taken.
 */
export function createStateClaim(parts: StateClaimParts): StateClaim {
  const { directory, deviceId, clock, patience = ENDLESS, onChange } = parts;
  let lock: StateLock | undefined;
  /** What others would have changed, as it was when the first try failed. */
  let before: Stamp[] | undefined;

  async function lockOwn(): Promise<StateLock> {
    await refuseOtherDevice(directory, deviceId);
    const taken = await lockState(directory, `process ${process.pid}, for ${deviceId}`, clock);
    try {
      // Another may have had it until now.
      await refuseOtherDevice(directory, deviceId);
      if (before && hasChanged(before, await stampsOf(directory))) throw changed(directory);
      return taken;
    } catch (error) {
      await taken.release();
      throw error;
    }
  }

  const take = shared(async () => {
    try {
      lock ??= await lockOwn();
      onChange(undefined);
    } catch (error) {
      if (before && isAgentError(error)) onChange(error);
      throw error;
    }
  });

  async function look(): Promise<Stamp[]> {
    return patience(() => stampsOf(directory), READ).catch(() => TELLING.map(() => undefined));
  }

  return {
    take: async () => {
      if (lock) return;
      try {
        await patience(take, READ);
      } catch (error) {
        // One that hangs may have the lock after all, but later: by then others may have had it.
        before ??= await look();
        throw error;
      }
    },
    isTaken: () => lock !== undefined,
    async release() {
      // On a disk that hangs the name stays behind, and the process lets go of the rest.
      if (lock) await patience(lock.release).catch(() => undefined);
    },
  };
}

/** No agent that has the lock leaves all of these as they are for long. */
const TELLING = ["outbox", join("outbox", "acknowledged"), "sequence"];

/** Of one of these. Undefined: it could not be seen. */
type Stamp = string | undefined;

function stampsOf(directory: string): Promise<Stamp[]> {
  return Promise.all(
    TELLING.map((name) =>
      stat(join(directory, name)).then(
        ({ ino, mtimeMs }) => `${ino}:${mtimeMs}`,
        (error: unknown) => (isAbsence(error) ? "absent" : undefined),
      ),
    ),
  );
}

function hasChanged(before: Stamp[], now: Stamp[]): boolean {
  return before.some((stamp, index) => stamp !== undefined && stamp !== now[index]);
}

function changed(directory: string): AgentError {
  const why = "another agent has worked there, or a volume was mounted";
  return new AgentError(`state.directory: ${directory} is not what it was when this agent began: ${why}`, {
    code: "STATE_IN_USE",
    retryable: false,
    remedy: "restart this agent, once no other works there",
  });
}
