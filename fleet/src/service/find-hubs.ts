import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FleetError, messageOf, usageError } from "../errors.ts";
import { parseFolder } from "../values.ts";

/** How to reach a hub: what `openService` takes. */
export interface HubAccess {
  connectionString: string;
  trustedCaFile?: string;
}

export interface HubOptions {
  hubConnectionString?: string | undefined;
  /** PEM file of the only CA to trust. */
  trustedCa?: string | undefined;
  /** State folder of a local cloud. */
  state?: string | undefined;
}

/**
 * The hubs that are meant, at least one: by option, else by CAVE_HUB_CONNECTION_STRING, else all of the local cloud whose
 * state folder is `--state`, or `.local-cloud` in `folder` or in one of its parents.
 * @throws FleetError NO_HUB if none of these leads to one, USAGE for a CA without a hub to use it with
 */
export async function findHubs(
  options: HubOptions,
  environment: Record<string, string | undefined> = process.env,
  folder: string = process.cwd(),
): Promise<HubAccess[]> {
  if (options.state !== undefined) parseFolder("--state", options.state);
  const given =
    options.hubConnectionString ?? (options.state ? undefined : environment.CAVE_HUB_CONNECTION_STRING);
  if (given) {
    return [{ connectionString: given, ...(options.trustedCa ? { trustedCaFile: options.trustedCa } : {}) }];
  }
  if (options.trustedCa !== undefined) {
    throw usageError(
      "--trusted-ca is for a hub that --hub-connection-string names",
      "leave it out for the local cloud, which has a CA of its own, or give --hub-connection-string",
    );
  }
  for (const candidate of options.state ? [resolve(folder, options.state)] : stateFolders(folder)) {
    const text = await read(join(candidate, "endpoints.json"));
    if (text !== undefined) return localHubs(join(candidate, "endpoints.json"), text);
  }
  throw noHub(
    options.state ? `no local cloud is running in ${options.state}` : "no local cloud is running here",
  );
}

function stateFolders(folder: string): string[] {
  const folders: string[] = [];
  for (let at = resolve(folder); ; at = dirname(at)) {
    folders.push(join(at, ".local-cloud"));
    if (dirname(at) === at) return folders;
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}

/** The fields of endpoints.json that this tool reads. */
interface LocalEndpoints {
  pid: number;
  trustedCaFile: string;
  hubs: { connectionString: string }[];
}

function localHubs(file: string, text: string): HubAccess[] {
  const { pid, hubs, trustedCaFile } = parseEndpoints(file, text);
  if (hubs.length === 0 || !isRunning(pid)) throw noHub("no local cloud is running here");
  return hubs.map(({ connectionString }) => ({ connectionString, trustedCaFile }));
}

function parseEndpoints(file: string, text: string): LocalEndpoints {
  try {
    const value: unknown = JSON.parse(text);
    if (isEndpoints(value)) return value;
    throw new Error("pid, trustedCaFile or hubs is missing");
  } catch (cause) {
    throw new FleetError(`${file} is not what a local cloud writes: ${messageOf(cause)}`, {
      code: "ENDPOINTS_INVALID",
      remedy: "stop the local cloud, remove that file and start again with npm start",
      cause,
    });
  }
}

function isEndpoints(value: unknown): value is LocalEndpoints {
  if (typeof value !== "object" || value === null) return false;
  if (!("pid" in value && "trustedCaFile" in value && "hubs" in value)) return false;
  const { pid, trustedCaFile, hubs } = value;
  if (typeof pid !== "number" || typeof trustedCaFile !== "string" || !Array.isArray(hubs)) return false;
  return hubs.every((hub: unknown) => {
    const text: unknown = typeof hub === "object" && hub !== null && Reflect.get(hub, "connectionString");
    return typeof text === "string";
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function noHub(message: string): FleetError {
  return new FleetError(message, {
    code: "NO_HUB",
    remedy: "start one with npm start, or give --hub-connection-string",
  });
}
