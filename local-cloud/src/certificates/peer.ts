import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { factsOf } from "./facts.ts";

/** What a client presented in the TLS handshake. */
export interface PeerChain {
  leaf: X509Certificate;
  /** Common name of the leaf; empty if it has none. */
  commonName: string;
  intermediates: X509Certificate[];
}

const LONGEST_CHAIN = 8;

/** The client's chain as sent; undefined when it presented no certificate. */
export function readPeerChain(socket: TLSSocket): PeerChain | undefined {
  let current = socket.getPeerCertificate(true);
  // Node gives an empty object, not undefined, for a client without a certificate.
  if (!current?.raw) return undefined;
  const leaf = new X509Certificate(current.raw);
  const intermediates: X509Certificate[] = [];
  while (intermediates.length < LONGEST_CHAIN) {
    const issuer = current.issuerCertificate;
    if (!issuer?.raw || issuer.fingerprint256 === current.fingerprint256) break;
    intermediates.push(new X509Certificate(issuer.raw));
    current = issuer;
  }
  return { leaf, commonName: factsOf(leaf).commonName, intermediates };
}
