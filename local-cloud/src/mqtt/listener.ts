import { constants } from "node:crypto";
import { createServer, type TLSSocket } from "node:tls";
import type { ServerCredentials } from "../certificates/server-certificate.ts";
import { type Listener, listenOnLoopback } from "../lib/listen.ts";
import type { Logger } from "../log.ts";
import type { Broker } from "./broker.ts";

/**
 * MQTT over TLS with a client certificate. TLS itself takes any certificate: DPS and hub judge it, because their
 * refusal has to carry Azure's code, which an aborted handshake cannot.
 */
export function listenForDevices(
  broker: Broker,
  credentials: ServerCredentials,
  port: number,
  what: string,
  log: Logger,
): Promise<Listener> {
  const makeServer = () => {
    const server = createServer({
      key: credentials.key,
      cert: credentials.certificate,
      minVersion: "TLSv1.2",
      requestCert: true,
      rejectUnauthorized: false,
      // A resumed session carries the leaf without the intermediates it was first sent with.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    server.on("secureConnection", (socket: TLSSocket) => broker.handle(socket));
    server.on("tlsClientError", (error) =>
      log.debug({ reason: error.message }, `${what}: TLS handshake failed`),
    );
    return server;
  };
  return listenOnLoopback(makeServer, port, what);
}
