import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentError, messageOf } from "../errors.ts";
import { isLocalHost, type LoopbackAddress, parseLoopback } from "../lib/loopback.ts";
import type { Report } from "./doctor/check.ts";
import type { HealthDocument } from "./document.ts";
import { createRoutes } from "./routes.ts";
import { listenOnSocket } from "./unix-socket.ts";

/** What the status socket tells, and where. */
export interface StatusServerOptions {
  /** Path of the Unix socket. */
  socket: string;
  /** `address:port` on loopback for /status and /metrics; empty: none. Port 0: any free one. */
  listen: string;
  document: () => HealthDocument;
  /** Doctor's report; ends early when `signal` aborts. */
  diagnose: () => Promise<Report>;
  /** Milliseconds after which a connection on which nothing moves is ended; 10,000 unless told. */
  idleAfter?: number;
}

export interface StatusServer {
  /** The loopback address in use, if one was asked for. */
  address: { host: string; port: number } | undefined;
  /** Ends within 200 ms, whatever its clients do, and removes the socket. */
  close(): Promise<void>;
}

// Longer than doctor's longest check.
const IDLE_AFTER = 10_000;
const MOST_CONNECTIONS = 16;

/**
 * Serves health on a Unix socket, and on loopback TCP if asked to. Rejects with an AgentError `STATUS_SOCKET_IN_USE` or
 * `STATUS_SOCKET_UNUSABLE`, and with a RangeError for an address that others could reach; nothing stays open then.
 */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { document, diagnose, idleAfter = IDLE_AFTER } = options;
  const loopback = options.listen === "" ? undefined : loopbackOf(options.listen);
  const local = createLimitedServer(createRoutes({ document, diagnose }), idleAfter);
  const open = [local];
  await listenOnSocket(local, options.socket);
  let address: StatusServer["address"];
  if (loopback) {
    // No /diagnose: a connection to the cloud is nothing that a page in a browser may set off.
    const tcp = createLimitedServer(createRoutes({ document, isAllowedHost: isLocalHost }), idleAfter);
    try {
      address = await listenOnLoopback(tcp, loopback.host, loopback.port);
    } catch (error) {
      await end(local);
      throw error;
    }
    open.push(tcp);
  }
  return {
    address,
    async close() {
      await Promise.all(open.map(end));
    },
  };
}

/** The configuration was checked; this is the last door before the network. */
function loopbackOf(listen: string): LoopbackAddress {
  const address = parseLoopback(listen);
  if (!address) throw new RangeError(`listen: ${listen} is not address:port on loopback`);
  return address;
}

function createLimitedServer(answer: RequestListener, idleAfter: number): Server {
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 },
    answer,
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 1;
  server.setTimeout(idleAfter, (socket) => socket.destroy());
  return server;
}

function listenOnLoopback(
  server: Server,
  host: string,
  port: number,
): Promise<AddressInfo & { host: string }> {
  return new Promise((done, fail) => {
    server.on("error", (error) =>
      fail(
        new AgentError(`status.listen: cannot listen on ${host}:${port}: ${messageOf(error)}`, {
          code: "STATUS_SOCKET_UNUSABLE",
          retryable: false,
          remedy: "set status.listen to a free port of 1024 or above",
          cause: error,
        }),
      ),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address() as AddressInfo;
      done({ ...bound, host });
    });
  });
}

function end(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
