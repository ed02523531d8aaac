import { lstatSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";
import { dirname } from "node:path";
import { AgentError, messageOf } from "../errors.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { hearSocket, LONGEST_SOCKET_PATH, listenOnPath } from "../lib/unix-socket.ts";

function unusable(file: string, why: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(`the status socket ${file} cannot be used: ${why}`, {
    code: "STATUS_SOCKET_UNUSABLE",
    retryable: false,
    remedy,
    cause,
  });
}

/**
 * Lets `server` listen on the socket `file`, mode 0660, making its folder if there is none. What a dead daemon left
 * behind is replaced. Rejects with an AgentError: `STATUS_SOCKET_IN_USE` if a daemon answers there,
 * `STATUS_SOCKET_UNUSABLE` otherwise, having touched nothing.
 */
export async function listenOnSocket(server: Server, file: string): Promise<void> {
  // Node would cut a longer name off and listen somewhere else.
  if (Buffer.byteLength(file) > LONGEST_SOCKET_PATH) {
    throw unusable(
      file,
      `its path is longer than ${LONGEST_SOCKET_PATH} bytes`,
      "set status.socket to a shorter path",
    );
  }
  try {
    await makeFolder(dirname(file));
    await removeStale(file);
    await listenOnPath(server, file);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unusable(file, messageOf(error), "set status.socket to a path that the agent may write", error);
  }
}

async function removeStale(file: string): Promise<void> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) {
    throw unusable(
      file,
      "it is something else than a socket",
      "move it away, or set status.socket to another path",
    );
  }
  if ((await hearSocket(file, () => true)) !== undefined) {
    throw new AgentError(`another agent listens on ${file}`, {
      code: "STATUS_SOCKET_IN_USE",
      retryable: false,
      remedy: "stop the other agent, or give this one another status.socket",
    });
  }
  unlinkSync(file);
}
