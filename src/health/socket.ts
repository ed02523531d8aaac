import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { AgentError, messageOf } from "../errors.ts";
import { isLocalHost, type LoopbackAddress, parseLoopback } from "../lib/loopback.ts";
import { ENDLESS, type Patience } from "../lib/patience.ts";
import { answersToWrites } from "../lib/writable.ts";
import type { Report } from "./doctor/check.ts";
import type { HealthDocument } from "./document.ts";
import { createRoutes } from "./routes.ts";
import { listenOnSocket } from "./unix-socket.ts";

/** What the status socket tells, and where. */
export interface StatusServerOptions {
  /** Path of the Unix socket. */
  socket: string;
  document: () => HealthDocument;
  /** Doctor's report; ends early when `signal` aborts. */
  diagnose: () => Promise<Report>;
  /** Milliseconds after which a connection on which nothing moves is ended; 10,000 unless told. */
  idleAfter?: number;
  /** With the socket's disk. Left out: one that hangs is waited for. */
  patience?: Patience;
}

export interface StatusServer {
  /**
   * Ends within 200 ms, whatever its clients do, and removes the socket. Rejects with `STATE_NOT_KEPT` while its disk hangs:
   * nothing has an end then, and it may be called again.
   */
  close(): Promise<void>;
}

/** The same on TCP, for programs that cannot open a Unix socket. */
export interface LoopbackServer extends StatusServer {
  address: { host: string; port: number };
}

// Longer than any check of doctor's takes beside an agent, 5 s: that of the connection then has its word.
const IDLE_AFTER = 10_000;
const MOST_CONNECTIONS = 16;

/**
 * Serves health on a Unix socket. Rejects with an AgentError `STATUS_SOCKET_IN_USE` or `STATUS_SOCKET_UNUSABLE`; nothing
 * stays open then.
 */
export async function openStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { socket, document, diagnose, idleAfter = IDLE_AFTER, patience = ENDLESS } = options;
  const server = createLimitedServer(createRoutes({ document, diagnose }), idleAfter);
  await listenOnSocket(server, socket, patience);
  const remove = async () => {
    await answersToWrites(dirname(socket));
    await end(server);
  };
  return { close: () => patience(remove) };
}

/**
 * Serves /status and /metrics on `listen`, `address:port` on loopback; port 0: any free one. Rejects with
 * `STATUS_SOCKET_UNUSABLE`, and with a RangeError for an address that others could reach.
 */
export async function openLoopbackServer(
  listen: string,
  document: () => HealthDocument,
): Promise<LoopbackServer> {
  const { host, port } = loopbackOf(listen);
  // No /diagnose: a connection to the cloud is nothing that a page in a browser may set off.
  const server = createLimitedServer(createRoutes({ document, isAllowedHost: isLocalHost }), IDLE_AFTER);
  return { address: await listenOnLoopback(server, host, port), close: () => end(server) };
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
