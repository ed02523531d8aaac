import { lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { AgentError, messageOf } from "../errors.ts";
import { makeFolder } from "../lib/make-folder.ts";

// sun_path of sockaddr_un, less its closing zero: unix(7); Darwin and the BSDs have four bytes less.
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;
const PROBE_DEADLINE = 1000;

/** The socket is for its owner and group only: 0660. */
const UMASK = 0o117;

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
  if (Buffer.byteLength(file) > LONGEST_PATH) {
    throw unusable(
      file,
      `its path is longer than ${LONGEST_PATH} bytes`,
      "set status.socket to a shorter path",
    );
  }
  try {
    await makeFolder(dirname(file));
    await removeStale(file);
    await listen(server, file);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw unusable(file, messageOf(error), "set status.socket to a path that the agent may write", error);
  }
}

function listen(server: Server, file: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    // The name is bound within this call, so that no moment passes in which others could connect.
    const before = process.umask(UMASK);
    try {
      server.listen({ path: file }, () => {
        server.removeListener("error", fail);
        done();
      });
    } finally {
      process.umask(before);
    }
  });
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
  if (await answers(file)) {
    throw new AgentError(`another agent listens on ${file}`, {
      code: "STATUS_SOCKET_IN_USE",
      retryable: false,
      remedy: "stop the other agent, or give this one a state directory and socket of its own",
    });
  }
  unlinkSync(file);
}

/** Only a refusal says that nobody is there: what hangs may be a daemon that is busy. */
function answers(file: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(file);
    const end = (isAlive: boolean) => {
      probe.destroy();
      done(isAlive);
    };
    probe.setTimeout(PROBE_DEADLINE, () => end(true));
    probe.once("connect", () => end(true));
    probe.once("error", (error) => end(!("code" in error && error.code === "ECONNREFUSED")));
  });
}
