import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type AgentError, isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { shared } from "../lib/shared.ts";
import type { WriteRight } from "../lib/write-right.ts";
import { refuseOtherDevice } from "./device.ts";
import { inUse, lockState, type StateLock } from "./lock.ts";

/** The right of this agent, for this device, to write to its state directory. */
export interface StateClaim extends WriteRight {
  release(): Promise<void>;
}

export interface StateClaimParts {
  directory: string;
  deviceId: string;
  clock: Clock;
  /** After a first try that has failed: why it is somebody else's; undefined: it was taken. */
  onChange: (refusal: AgentError | undefined) => void;
}

/**
 * Rejects with the error of the file system while nothing can be written there; with an AgentError, `STATE_IN_USE` or
 * `STATE_OF_ANOTHER_DEVICE`, if it is somebody else's. Once another agent has worked on it, it is not taken any more: what
 * was read from it before is not what is there now.
 */
export function createStateClaim({ directory, deviceId, clock, onChange }: StateClaimParts): StateClaim {
  let lock: StateLock | undefined;
  /** What others would have changed, as it was when the first try failed. */
  let before: string | undefined;

  async function lockOwn(): Promise<StateLock> {
    await refuseOtherDevice(directory, deviceId);
    const taken = await lockState(directory, `process ${process.pid}, for ${deviceId}`, clock);
    try {
      // Another may have had it until now.
      await refuseOtherDevice(directory, deviceId);
      if (before !== undefined && (await stampOf(directory)) !== before) {
        throw inUse(directory, "it has changed since this agent began");
      }
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
      if (before !== undefined && isAgentError(error)) onChange(error);
      before ??= await stampOf(directory);
      throw error;
    }
  });

  return {
    take: async () => {
      if (!lock) await take();
    },
    isTaken: () => lock !== undefined,
    release: async () => lock?.release(),
  };
}

/** No agent that has the lock leaves all of these as they are for long. */
const TELLING = ["outbox", join("outbox", "acknowledged"), "sequence"];

async function stampOf(directory: string): Promise<string> {
  const stamps = TELLING.map((name) =>
    stat(join(directory, name)).then(
      ({ ino, mtimeMs }) => `${ino}:${mtimeMs}`,
      () => "absent",
    ),
  );
  return (await Promise.all(stamps)).join(" ");
}
