import { readFileSync } from "node:fs";
import type { Registration } from "../dps/registrations.ts";
import { LocalCloudError, systemErrorCode } from "../errors.ts";
import type { DeviceRecord } from "../hub/devices.ts";
import { writeFileAtomically } from "../lib/atomic-file.ts";
import type { Logger } from "../log.ts";

/** All that survives a restart of the local cloud, in one file. */
export interface StateDocument {
  version: 2;
  idScope: string;
  hubs: HubState[];
  registrations: Registration[];
}

export interface HubState {
  name: string;
  devices: DeviceRecord[];
}

/** As it was written when there was one hub alone. */
type OneHubDocument = Omit<StateDocument, "version" | "hubs"> & { version: 1; devices: DeviceRecord[] };

/** The only hub's name unless another is given. */
export const FIRST_HUB = "local-hub";

export interface Store {
  /** Says that the state has changed; it is written at most `delay` ms later. */
  changed(): void;
  /** Writes now what is not yet written. */
  flush(): void;
}

/** @throws {LocalCloudError} when the file is there and cannot be read. */
export function loadState(file: string): StateDocument | undefined {
  try {
    const document: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isStateDocument(document)) return document;
    if (isOneHubDocument(document)) {
      const { devices, ...rest } = document;
      return { ...rest, version: 2, hubs: [{ name: FIRST_HUB, devices }] };
    }
    throw new Error("it is no state of this version of the local cloud");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw new LocalCloudError(
      "configuration",
      `the device registry in ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
      "delete the file to start with an empty registry; devices come back when they register",
      error,
    );
  }
}

export function createStore(file: string, collect: () => StateDocument, log: Logger, delay = 200): Store {
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    writeFileAtomically(file, JSON.stringify(collect()));
  };
  const flushInBackground = () => {
    try {
      flush();
    } catch (error) {
      log.error({ err: error, file }, "the device registry could not be written");
    }
  };
  return {
    changed() {
      timer ??= setTimeout(flushInBackground, delay);
    },
    flush,
  };
}

function isStateDocument(value: unknown): value is StateDocument {
  return hasCommonFields(value, 2) && "hubs" in value && Array.isArray(value.hubs);
}

function isOneHubDocument(value: unknown): value is OneHubDocument {
  return hasCommonFields(value, 1) && "devices" in value && Array.isArray(value.devices);
}

function hasCommonFields(value: unknown, version: number): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    "version" in value &&
    value.version === version &&
    "idScope" in value &&
    typeof value.idScope === "string" &&
    "registrations" in value &&
    Array.isArray(value.registrations)
  );
}
