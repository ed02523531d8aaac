import { createSocket, type Socket } from "node:dgram";

const LOOPBACK = "127.0.0.1";

/** A service on this machine answers in less than a millisecond. */
const DEADLINE = 1000;

/**
 * What `read` makes of the first answer to `question` by the UDP service on `port` of this machine. Undefined if nobody
 * listens there (the kernel says so at once), nobody answers within 1 s, or `signal` aborts. Never rejects.
 */
export function askLocalService<T>(
  port: number,
  question: Buffer,
  read: (answer: Buffer) => T | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  return new Promise((done) => {
    if (signal.aborted) return done(undefined);
    const socket = createSocket("udp4");
    const timer = setTimeout(() => end(undefined), DEADLINE);
    const abort = () => end(undefined);
    const end = (answer: T | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      close(socket);
      done(answer);
    };
    signal.addEventListener("abort", abort);
    socket.on("error", abort);
    socket.once("message", (answer) => end(read(answer)));
    // Connected, it hears of a port that nobody listens on, and of nobody else.
    socket.connect(port, LOOPBACK, () => socket.send(question));
  });
}

function close(socket: Socket): void {
  socket.removeAllListeners();
  // What comes while it closes concerns nobody.
  socket.on("error", () => undefined);
  socket.close();
}
