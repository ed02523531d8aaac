import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Endpoints } from "../endpoints.ts";
import { LocalCloudError, systemErrorCode } from "../errors.ts";
import { writeFileAtomically } from "../lib/atomic-file.ts";
import { makeFolder } from "../lib/make-folder.ts";

export interface StateFolder {
  readonly directory: string;
  readonly endpointsFile: string;
  path(name: string): string;
  publish(endpoints: Endpoints): void;
  /** Takes endpoints.json and the lock away, so that the next start finds the folder free. */
  release(): void;
}

/**
 * Takes a state folder for this process, making it (mode 0700) if it is missing.
 * @throws {LocalCloudError} when a living process holds it or it cannot be written.
 */
export function claimStateFolder(stateDirectory: string): StateFolder {
  if (stateDirectory.trim() === "") {
    throw new LocalCloudError("configuration", "the state folder has no name", "name one by --state");
  }
  const directory = resolve(stateDirectory);
  const path = (name: string) => join(directory, name);
  const endpointsFile = path("endpoints.json");
  const lockFile = path("lock");
  try {
    if (!makeFolder(directory)) refuseForeign(directory);
    refuseIfHeld(directory, [endpointsFile, lockFile]);
    takeLock(directory, lockFile);
    rmSync(endpointsFile, { force: true });
  } catch (error) {
    if (error instanceof LocalCloudError) throw error;
    throw new LocalCloudError(
      "configuration",
      `the state folder ${directory} cannot be used: ${error instanceof Error ? error.message : error}`,
      "name a folder that this user can write, by --state",
      error,
    );
  }
  return {
    directory,
    endpointsFile,
    path,
    publish: (endpoints) => writeFileAtomically(endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`),
    release() {
      rmSync(endpointsFile, { force: true });
      rmSync(lockFile, { force: true });
    },
  };
}

/**
 * What shows that a folder was one of ours before; `caves` and `certs` are what cave-fleet puts there for simulated
 * agents.
 */
const OURS = ["state.json", "tls", "lock", "endpoints.json", "caves", "certs"];

/** Keys and state are not put among somebody's other files. */
function refuseForeign(directory: string): void {
  const names = readdirSync(directory);
  if (names.length === 0 || names.some((name) => OURS.includes(name))) return;
  throw new LocalCloudError(
    "configuration",
    `${directory} holds other files and is no state folder`,
    "name a new or an empty folder by --state",
  );
}

function takeLock(directory: string, lockFile: string): void {
  const lock = () =>
    writeFileSync(lockFile, JSON.stringify({ pid: process.pid }), { flag: "wx", mode: 0o600 });
  try {
    lock();
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
    refuseIfHeld(directory, [lockFile]);
    rmSync(lockFile, { force: true });
    lock();
  }
}

function refuseIfHeld(directory: string, files: string[]): void {
  const pid = files.map(holder).find((each) => each !== undefined && isAlive(each));
  if (pid === undefined) return;
  const held = files.filter((file) => holder(file) === pid).join(" and ");
  throw new LocalCloudError(
    "configuration",
    `the state folder ${directory} is in use by pid ${pid}`,
    `stop that local cloud, name another folder by --state, or delete ${held} if pid ${pid} is no local cloud`,
  );
}

function holder(file: string): number | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof content !== "object" || content === null || !("pid" in content)) return undefined;
    return typeof content.pid === "number" && Number.isInteger(content.pid) && content.pid > 0
      ? content.pid
      : undefined;
  } catch {
    // Missing, or half-written by a process that died: nobody holds it.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
