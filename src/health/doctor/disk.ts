import { stat, statfs } from "node:fs/promises";
import type { Config } from "../../config.ts";
import { messageOf } from "../../errors.ts";
import { loadIdentity } from "../../hub/identity.ts";
import { ENDLESS } from "../../lib/patience.ts";
import { existingPart, tryToWrite } from "../../lib/writable.ts";
import { refuseOtherDevice } from "../../state/device.ts";
import { refuseTooLong } from "../../state/lock.ts";
import type { ConfiguredCheck, Finding } from "./check.ts";

const MIB = 2 ** 20;
/** Below this the outbox will soon have to drop samples; below the second nothing can be kept at all. */
const LOW = 64 * MIB;
const NONE = 4 * MIB;
const ROOM = `make room on the disk: ${LOW / MIB} MiB are enough`;

export const diskCheck: ConfiguredCheck = {
  id: "disk",
  title: "state directory",
  needs: ["state.directory"],
  async look({ config, patience = ENDLESS }) {
    const { directory } = config.state;
    refuseTooLong(directory);
    const deviceId = deviceIdOf(config);
    return patience(async () => {
      if (deviceId !== undefined) await refuseOtherDevice(directory, deviceId);
      return lookAtDisk(directory);
    });
  },
};

/** Undefined without a usable certificate, which has a check of its own. */
function deviceIdOf({ device }: Config): string | undefined {
  try {
    return loadIdentity(device).deviceId;
  } catch {
    return undefined;
  }
}

/** Whether what the agent has to keep can be written to `directory`, and for how long there is room. */
export async function lookAtDisk(directory: string): Promise<Finding> {
  const folder = await existingPart(directory);
  const isThere = folder === directory;
  try {
    await tryToWrite(folder);
  } catch (error) {
    return {
      result: "failed",
      detail: `${isThere ? "" : `${directory} cannot be made: `}${await reasonAgainst(folder, error)}`,
      remedy: isFull(error)
        ? ROOM
        : `make ${directory} a folder that belongs to the agent's user, on a disk that is not read-only`,
      code: "STATE_NOT_KEPT",
    };
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${isThere ? "" : `${directory} will be made: `}${folder} can be written, ${Math.floor(free / MIB)} MiB free`;
  if (free >= LOW) return { result: "ok", detail };
  return { result: free < NONE ? "failed" : "warning", detail, remedy: ROOM };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

async function reasonAgainst(folder: string, error: unknown): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  if (found && !found.isDirectory()) return `${folder} is a file, not a folder`;
  return `${folder} cannot be written: ${messageOf(error)}`;
}
