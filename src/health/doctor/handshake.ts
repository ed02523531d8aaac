import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { tlsRefusal } from "../../hub/tls-failure.ts";
import { describeName } from "../../lib/common-name.ts";

/** Who answered, and in which TLS version. */
export interface Peer {
  protocol: string;
  certificate: string;
  /** It closed the connection right after the handshake, without a word. */
  hungUp: boolean;
}

/** Under TLS 1.3 the client is done before the server has judged its certificate (RFC 8446, section 2). Milliseconds. */
const JUDGEMENT = 300;

/** What to show of ourselves, and whom to trust. */
export interface TlsParts {
  host: string;
  port: number;
  /** PEM; undefined: the CAs that Node trusts. */
  ca: string | undefined;
  /** PEM; absent: no client certificate is sent. */
  own?: { cert: string; key: string } | undefined;
}

/**
 * A TLS handshake with a server that proves who it is; nothing is sent after it, but for 300 ms it is heard what the
 * server says. Rejects with the socket's error, an alert among them.
 */
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
      const peer = describePeer(socket);
      socket.off("error", fail);
      socket.on("error", (error) =>
        signal.aborted || tlsRefusal(error) ? fail(error) : done({ ...peer, hungUp: true }),
      );
      const leave = () => {
        done({ ...peer, hungUp: false });
        socket.destroy();
      };
      const judgement = setTimeout(leave, JUDGEMENT);
      socket.once("data", leave);
      socket.once("close", () => {
        clearTimeout(judgement);
        done({ ...peer, hungUp: true });
      });
    });
  });
}

function describePeer(socket: TLSSocket): Omit<Peer, "hungUp"> {
  const { raw } = socket.getPeerCertificate();
  return { protocol: socket.getProtocol() ?? "TLS", certificate: describeCertificate(raw) };
}

function describeCertificate(raw: Buffer | undefined): string {
  if (!raw) return "no certificate";
  const { subject, issuer, validTo } = new X509Certificate(raw);
  const until = new Date(validTo).toISOString().slice(0, 10);
  return `"${describeName(subject)}" issued by "${describeName(issuer)}", valid until ${until}`;
}
