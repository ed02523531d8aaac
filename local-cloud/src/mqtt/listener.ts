import { constants } from "node:crypto";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer, type Server, type TLSSocket } from "node:tls";
import type { FalseCertificate } from "../certificates/false-certificate.ts";
import type { Issued } from "../certificates/server-certificate.ts";
import { type Listener, listenOnLoopback } from "../lib/listen.ts";
import type { Logger } from "../log.ts";
import type { Broker } from "./broker.ts";
import { IMPOSTURES, type Imposture, isImposture } from "./impostures.ts";
import type { Lines } from "./lines.ts";

/** What a client meets on the port: the server itself, with its own or a false certificate, or something else. */
export type Guise = "honest" | FalseCertificate | Imposture;

export interface DeviceListenerOptions {
  broker: Broker;
  lines: Lines;
  /** For the next connection. */
  guise: () => Guise;
  certificateFor: (guise: "honest" | FalseCertificate) => Promise<Issued>;
  port: number;
  /** Names the listener in errors and in the log. */
  what: string;
  log: Logger;
}

/** MQTT over TLS with a client certificate. */
export function listenForDevices(options: DeviceListenerOptions): Promise<Listener> {
  const { lines, guise, port, what, log } = options;
  const servers = new Map<string, Promise<Server>>();
  const shakeHands = async (socket: Socket, shown: "honest" | FalseCertificate) => {
    const server = servers.get(shown) ?? openTls(options, shown);
    servers.set(shown, server);
    (await server).emit("connection", socket);
  };
  const accept = (socket: Socket) => {
    const shown = guise();
    if (isImposture(shown)) return IMPOSTURES[shown](socket);
    shakeHands(socket, shown).catch((error: unknown) => {
      log.error({ err: error }, `${what}: no certificate to present`);
      socket.destroy();
    });
  };
  // Paused: bytes that nobody may see yet stay with the kernel.
  const makeServer = () =>
    createTcpServer({ pauseOnConnect: true }, (socket) => {
      socket.on("error", () => undefined);
      lines.whenReachable(socket, () => accept(socket));
    });
  return listenOnLoopback(makeServer, port, what);
}

/**
 * TLS itself takes any client certificate: DPS and hub judge it, because their refusal has to carry Azure's code,
 * which an aborted handshake cannot.
 */
async function openTls(
  { broker, lines, certificateFor, what, log }: DeviceListenerOptions,
  shown: "honest" | FalseCertificate,
): Promise<Server> {
  const { key, certificate: cert } = await certificateFor(shown);
  const server = createTlsServer({
    key,
    cert,
    minVersion: "TLSv1.2",
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session carries the leaf without the intermediates it was first sent with.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
  const below = new Map<string, Socket>();
  server.on("connection", (tcp) => {
    const peer = peerOf(tcp);
    below.set(peer, tcp);
    tcp.once("close", () => below.delete(peer));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    const tcp = below.get(peerOf(socket));
    try {
      if (tcp) broker.handle(lines.open(socket, tcp));
      else socket.destroy();
    } catch (error) {
      // A client may present what TLS lets through and no parser of certificates understands.
      log.debug({ err: error }, `${what}: unreadable client certificate`);
      socket.destroy();
    }
  });
  server.on("tlsClientError", (error) =>
    log.debug({ reason: error.message }, `${what}: TLS handshake failed`),
  );
  return server;
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
