import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { describeName } from "../../lib/common-name.ts";

/** Who answered, and in which TLS version. */
export interface Peer {
  protocol: string;
  certificate: string;
}

/** What to show of ourselves, and whom to trust. */
export interface TlsParts {
  host: string;
  port: number;
  /** PEM; undefined: the CAs that Node trusts. */
  ca: string | undefined;
  /** PEM; absent: no client certificate is sent. */
  own?: { cert: string; key: string } | undefined;
}

/** A TLS handshake with a server that proves who it is; nothing is sent after it. Rejects with the socket's error. */
export function shakeHands({ host, port, ca, own }: TlsParts, signal: AbortSignal): Promise<Peer> {
  return new Promise((done, fail) => {
    // SNI takes no addresses (RFC 6066, section 3).
    const name = isIP(host) === 0 ? { servername: host } : {};
    const trust = ca === undefined ? {} : { ca };
    const socket = connect({ ...own, ...trust, ...name, host, port, minVersion: "TLSv1.2" });
    const abort = () => socket.destroy(new Error("stopped"));
    signal.addEventListener("abort", abort, { once: true });
    socket.once("close", () => signal.removeEventListener("abort", abort));
    socket.on("error", fail);
    socket.once("secureConnect", () => {
      done(describePeer(socket));
      socket.destroy();
    });
  });
}

function describePeer(socket: TLSSocket): Peer {
  const { raw } = socket.getPeerCertificate();
  return { protocol: socket.getProtocol() ?? "TLS", certificate: describeCertificate(raw) };
}

function describeCertificate(raw: Buffer | undefined): string {
  if (!raw) return "no certificate";
  const { subject, issuer, validTo } = new X509Certificate(raw);
  const until = new Date(validTo).toISOString().slice(0, 10);
  return `"${describeName(subject)}" issued by "${describeName(issuer)}", valid until ${until}`;
}
