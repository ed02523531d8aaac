import { readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { configError } from "../config.ts";
import { AgentError } from "../errors.ts";
import { isAbsence } from "../lib/absence.ts";
import type { Clock } from "../lib/clock.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { hearSocket, LONGEST_SOCKET_PATH, listenOnPath } from "../lib/unix-socket.ts";
import { answersToWrites } from "../lib/writable.ts";

/** The right to work on a state directory: one process has it at a time. */
export interface StateLock {
  /** The directory is free again. Does not resolve as long as its disk hangs. */
  release(): Promise<void>;
}

/** A lock's file; the highest number is the one that counts. */
const NAME = /^lock\.(\d{1,9})$/;
const nameOf = (number: number) => `lock.${number}`;

const LONGEST_WORD = 200;

/** Milliseconds, far longer than from bind(2) to listen(2): in between, a socket that is just being made looks dead. */
const BETWEEN = 50;

/**
 * Takes the state directory, making it if there is none. Who has it listens on a socket in it, and tells `who` to
 * whoever asks. The kernel ends that with the process, however it ends and whatever number the next process gets; it
 * holds across containers that share the directory. A dead holder leaves the name of its socket behind; the next one
 * listens on the number above it, and bind(2) gives a number to one process only, however many begin at once.
 *
 * Rejects with an AgentError: `STATE_IN_USE`, which names who has it, or `CONFIG_INVALID` for a path that no socket can
 * have; with the error of the file system if nothing can be written there.
 */
export async function lockState(directory: string, who: string, clock: Clock): Promise<StateLock> {
  refuseTooLong(directory);
  await makeFolder(directory);
  for (;;) {
    const [highest = 0] = await numbersIn(directory);
    if (highest > 0) await refuseLiving(directory, highest, clock);
    const own = highest + 1;
    const server = await take(directory, own, who);
    if (!server) continue;
    const [now = 0, ...lower] = await numbersIn(directory);
    // A higher one: somebody was quicker after all. The next round asks who.
    if (now === own) {
      for (const number of lower) await rm(join(directory, nameOf(number)), { force: true });
      return { release: () => close(server, directory) };
    }
    await close(server, directory);
  }
}

/** Throws `CONFIG_INVALID` for a path that no socket can have. Node would cut it off, and listen somewhere else. */
export function refuseTooLong(directory: string): void {
  if (Buffer.byteLength(join(directory, nameOf(999_999_999))) <= LONGEST_SOCKET_PATH) return;
  const problem = `state.directory: the path ${directory} is too long for a socket in it`;
  throw configError(problem, "name a shorter one");
}

/** Highest first. */
async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => Number(NAME.exec(name)?.[1] ?? [])).sort((a, b) => b - a);
}

/** Who works on the directory now; undefined if nobody does, or there is none. Rejects if that cannot be told. */
export async function whoHolds(directory: string, clock: Clock): Promise<string | undefined> {
  const numbers = await numbersIn(directory).catch((error: unknown) => {
    if (isAbsence(error)) return [];
    throw error;
  });
  return numbers[0] === undefined ? undefined : hearHolder(directory, numbers[0], clock);
}

async function hearHolder(directory: string, number: number, clock: Clock): Promise<string | undefined> {
  const ask = () => hearSocket(join(directory, nameOf(number)), (word) => word.length > LONGEST_WORD);
  const said = (await ask()) ?? (await clock.sleep(BETWEEN).then(ask));
  if (said === undefined) return undefined;
  return said.slice(0, LONGEST_WORD).replace(/[^\x20-\x7e]/g, "") || "it does not say which";
}

async function refuseLiving(directory: string, number: number, clock: Clock): Promise<void> {
  const name = await hearHolder(directory, number, clock);
  if (name === undefined) return;
  throw inUse(directory, name);
}

function inUse(directory: string, who: string): AgentError {
  return new AgentError(`state.directory: another agent works on ${directory}: ${who}`, {
    code: "STATE_IN_USE",
    retryable: false,
    remedy: "stop the other agent, or give this one a state directory of its own; then restart this one",
  });
}

/** Undefined if another process was quicker. */
async function take(directory: string, number: number, who: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    // Whoever listens on, or says something, must not keep the lock from being let go.
    socket.end(who, () => socket.destroy());
  });
  server.unref();
  await answersToWrites(directory);
  try {
    await listenOnPath(server, join(directory, nameOf(number)));
    return server;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
}

/** Removes the socket's name too. */
async function close(server: Server, directory: string): Promise<void> {
  await answersToWrites(directory);
  return new Promise((done) => server.close(() => done()));
}
