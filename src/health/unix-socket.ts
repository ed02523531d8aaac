import { lstat, unlink } from "node:fs/promises";
import type { Server } from "node:net";
import { dirname } from "node:path";
import { AgentError, fileReason, messageOf } from "../errors.ts";
import { isAbsence } from "../lib/absence.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { type Patience, READ } from "../lib/patience.ts";
import { hearSocket, LONGEST_SOCKET_PATH, listenOnPath } from "../lib/unix-socket.ts";
import { answersToWrites, existingPart, tryToWrite } from "../lib/writable.ts";

const WRITABLE = "set status.socket to a path that the agent may write";

function unusable(file: string, why: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(`the status socket ${file} cannot be used: ${why}`, {
    code: "STATUS_SOCKET_UNUSABLE",
    retryable: false,
    remedy,
    cause,
  });
}

function refuseLong(file: string): void {
  if (Buffer.byteLength(file) <= LONGEST_SOCKET_PATH) return;
  throw unusable(
    file,
    `its path is longer than ${LONGEST_SOCKET_PATH} bytes`,
    "set status.socket to a shorter path",
  );
}

/** Rejects with `STATUS_SOCKET_UNUSABLE` if `file` could not become the status socket, as far as that shows without it. */
export async function checkSocket(file: string): Promise<void> {
  refuseLong(file);
  const folder = await existingPart(dirname(file));
  try {
    await refuseOther(file);
    await tryToWrite(folder);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unusable(file, `${folder} cannot be written: ${fileReason(error)}`, WRITABLE, error);
  }
}

/** Whether there is a socket of that name. */
async function refuseOther(file: string): Promise<boolean> {
  const found = await lstat(file).catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
  if (found && !found.isSocket()) {
    throw unusable(
      file,
      "it is something else than a socket",
      "move it away, or set status.socket to another path",
    );
  }
  return found !== undefined;
}

/**
 * Lets `server` listen on the socket `file`, mode 0660, making its folder if there is none. What a dead daemon left
 * behind is replaced. Rejects with an AgentError: `STATUS_SOCKET_IN_USE` if a daemon answers there,
 * `STATUS_SOCKET_UNUSABLE` otherwise, having touched nothing; so, too, if the disk takes longer than `patience` lasts.
 */
export async function listenOnSocket(server: Server, file: string, patience: Patience): Promise<void> {
  // Node would cut a longer name off and listen somewhere else.
  refuseLong(file);
  try {
    await patience(() => makeRoom(file), READ);
    // Not within: one that was given up would be bound late, beside the next.
    await listenOnPath(server, file);
  } catch (error) {
    if (error instanceof AgentError && error.code === "STATE_NOT_KEPT") {
      throw unusable(file, error.message, error.remedy, error);
    }
    if (error instanceof AgentError) throw error;
    throw unusable(file, messageOf(error), WRITABLE, error);
  }
}

async function makeRoom(file: string): Promise<void> {
  await makeFolder(dirname(file));
  await removeStale(file);
  await answersToWrites(dirname(file));
}

async function removeStale(file: string): Promise<void> {
  if (!(await refuseOther(file))) return;
  if ((await hearSocket(file, () => true)) !== undefined) {
    throw new AgentError(`another agent listens on ${file}`, {
      code: "STATUS_SOCKET_IN_USE",
      retryable: false,
      remedy: "stop the other agent, or give this one another status.socket",
    });
  }
  await unlink(file);
}
