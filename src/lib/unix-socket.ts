import { stat } from "node:fs/promises";
import { connect, type Server } from "node:net";

/** sun_path of sockaddr_un, less its closing zero, in bytes: unix(7); Darwin and the BSDs have four less. */
export const LONGEST_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

/** The socket is for its owner and group only: 0660. */
const UMASK = 0o117;

const PROBE_DEADLINE = 1000;

/**
 * Lets `server` listen on the Unix socket `file`, mode 0660. Rejects with the error of the file system: EADDRINUSE if
 * anything has that name already, whether or not somebody listens. Node cuts a path longer than `LONGEST_SOCKET_PATH`
 * off, and listens somewhere else. Both bind(2) and, when `server` is closed, unlink(2) are made within the call: only
 * where the folder `answersToWrites`.
 */
export function listenOnPath(server: Server, file: string): Promise<void> {
  return new Promise((done, fail) => {
    // It stays: that a connection could not be accepted later on (accept(2)) is no reason to end the process.
    server.on("error", fail);
    // The name is bound within this call, so that no moment passes in which others could connect.
    const before = process.umask(UMASK);
    try {
      server.listen({ path: file }, done);
    } finally {
      process.umask(before);
    }
  });
}

/**
 * Undefined if nobody listens on the Unix socket `file`; otherwise what is said there until `isEnough`, or within 1 s.
 * Only a refusal says that nobody is there: what hangs may be a daemon that is busy.
 */
export async function hearSocket(
  file: string,
  isEnough: (said: string) => boolean,
): Promise<string | undefined> {
  // connect(2) looks the name up within the call: by then the kernel is to know it, or this waits in a thread of its own.
  await stat(file).catch(() => undefined);
  return new Promise((done) => {
    let said = "";
    const socket = connect(file);
    const timer = setTimeout(() => end(said), PROBE_DEADLINE);
    const end = (heard: string | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      done(heard);
    };
    const judge = () => {
      if (isEnough(said)) end(said);
    };
    socket.setEncoding("utf8");
    socket.once("connect", judge);
    socket.on("data", (text: string) => {
      said += text;
      judge();
    });
    socket.once("end", () => end(said));
    socket.once("error", (error) => {
      const code = "code" in error ? error.code : undefined;
      end(code === "ECONNREFUSED" || code === "ENOENT" ? undefined : said);
    });
  });
}
