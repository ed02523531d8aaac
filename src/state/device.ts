import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AgentError } from "../errors.ts";
import type { StateFile } from "../lib/state-file.ts";

/** Whose state it is. Samples, override and assignment of one device must not pass for another's. */
export interface KeptDevice {
  id: string;
}

/** In the state directory, without its ending. */
export const DEVICE_FILE = "device";

export function parseKeptDevice(content: unknown): KeptDevice | undefined {
  if (typeof content !== "object" || content === null || !("id" in content)) return undefined;
  const { id } = content;
  return typeof id === "string" && /^[!-~]{1,128}$/.test(id) ? { id } : undefined;
}

/** Says in the state directory whose it is; one of an earlier version does not say it yet. */
export async function bindState(file: StateFile<KeptDevice>, id: string): Promise<void> {
  if ((await file.read()) === undefined) await file.write({ id });
}

/**
 * Rejects with `STATE_OF_ANOTHER_DEVICE` if the directory is another device's; reads only. One that does not say whose it
 * is, or cannot be read, is no reason.
 */
export async function refuseOtherDevice(directory: string, deviceId: string): Promise<void> {
  const owner = await ownerOf(directory);
  if (owner === undefined || owner === deviceId) return;
  throw new AgentError(`state.directory: ${directory} is the state of ${owner}, not of ${deviceId}`, {
    code: "STATE_OF_ANOTHER_DEVICE",
    retryable: false,
    remedy: `move ${directory} away, or set state.directory to one of ${deviceId}'s own`,
  });
}

async function ownerOf(directory: string): Promise<string | undefined> {
  try {
    return parseKeptDevice(JSON.parse(await readFile(join(directory, `${DEVICE_FILE}.json`), "utf8")))?.id;
  } catch {
    return undefined;
  }
}
