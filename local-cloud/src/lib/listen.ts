import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { LocalCloudError, systemErrorCode } from "../errors.ts";

export interface Listener {
  readonly port: number;
  /** Stops to listen and ends every connection. */
  close(): Promise<void>;
}

const ATTEMPTS = 20;
// Node's 511 would make a fleet that comes back at once wait for TCP's own repetition.
const BACKLOG = 4096;

/**
 * Listens on 127.0.0.1 and, where the machine has it, on ::1, on one and the same port: a client may resolve
 * `localhost` to either.
 * @param port 0 for any port that is free on both.
 * @throws {LocalCloudError} when the port is taken.
 */
export async function listenOnLoopback(
  makeServer: () => Server,
  port: number,
  what: string,
): Promise<Listener> {
  for (let attempt = 1; ; attempt += 1) {
    const servers: Server[] = [];
    const sockets = new Set<Socket>();
    const open = async (host: string, wanted: number) => {
      const server = makeServer();
      server.on("connection", (socket: Socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
      });
      await listen(server, host, wanted);
      servers.push(server);
      return portOf(server);
    };
    try {
      const opened = await open("127.0.0.1", port);
      await open("::1", opened).catch(ignoreMissingIpv6);
      return { port: opened, close: () => closeAll(servers, sockets) };
    } catch (error) {
      await closeAll(servers, sockets);
      if (port === 0 && attempt < ATTEMPTS && systemErrorCode(error) === "EADDRINUSE") continue;
      throw listenError(error, port, what);
    }
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, "listening");
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no TCP port");
  return address.port;
}

function ignoreMissingIpv6(error: unknown): void {
  const code = systemErrorCode(error);
  if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") throw error;
}

async function closeAll(servers: Server[], sockets: Set<Socket>): Promise<void> {
  const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
}

function listenError(error: unknown, port: number, what: string): LocalCloudError {
  const code = systemErrorCode(error);
  if (code === "EADDRINUSE") {
    return new LocalCloudError(
      "fault",
      `${what}: port ${port} on loopback is in use`,
      `stop what listens there, or name another port (0 for any free one)`,
      error,
    );
  }
  return new LocalCloudError(
    "fault",
    `${what}: cannot listen on loopback port ${port}: ${error instanceof Error ? error.message : error}`,
    "name another port (0 for any free one)",
    error,
  );
}
