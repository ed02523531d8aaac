import type { X509Certificate } from "node:crypto";
import { factsOf } from "./facts.ts";
import type { PeerChain } from "./peer.ts";

/** A CA that somebody enrolled, with the name it was enrolled under. */
export interface Anchor {
  name: string;
  certificate: X509Certificate;
}

export type Verdict = { anchor: Anchor } | { refusal: string };

const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
const LONGEST_CHAIN = 8;

/**
 * Follows a client's chain to the nearest enrolled CA (the most specific enrolment wins, as in DPS) and checks
 * signature, validity, CA flag, path length and key usage on the way.
 * https://learn.microsoft.com/azure/iot-dps/concepts-x509-attestation
 */
export function judgeChain(chain: PeerChain, anchors: readonly Anchor[], now: Date): Verdict {
  const refusal = judgeLeaf(chain.leaf, now);
  if (refusal) return { refusal };
  let subject = chain.leaf;
  for (let below = 0; below < LONGEST_CHAIN; below += 1) {
    const anchor = anchors.find((candidate) => isIssuedBy(subject, candidate.certificate));
    const issuer =
      anchor?.certificate ?? chain.intermediates.find((candidate) => isIssuedBy(subject, candidate));
    if (!issuer) return { refusal: "CA certificate not found." };
    const fault = judgeIssuer(issuer, below, now);
    if (fault) return { refusal: fault };
    if (anchor) return { anchor };
    subject = issuer;
  }
  return { refusal: "Signing certificate info did not match chain elements: the chain is too long." };
}

function judgeLeaf(leaf: X509Certificate, now: Date): string | undefined {
  const validity = judgeValidity(leaf, "Certificate", now);
  if (validity) return validity;
  if (leaf.ca) return "Invalid certificate: a CA certificate cannot stand for a device.";
  // Node calls the extended key usages keyUsage; none at all allows every use (RFC 5280, 4.2.1.12).
  if (leaf.keyUsage && !leaf.keyUsage.includes(CLIENT_AUTHENTICATION)) {
    return "Invalid certificate: its extended key usage does not allow client authentication.";
  }
  if (!factsOf(leaf).maySign) {
    return "Invalid certificate: its key usage does not allow digital signatures.";
  }
  return undefined;
}

function judgeIssuer(issuer: X509Certificate, below: number, now: Date): string | undefined {
  const validity = judgeValidity(issuer, "CA certificate", now);
  if (validity) return validity;
  if (!issuer.ca) return `Invalid certificate: ${issuer.subject} signed a certificate but is no CA.`;
  const { pathLength } = factsOf(issuer);
  if (pathLength !== undefined && below > pathLength) {
    return `Invalid certificate: ${issuer.subject} allows ${pathLength} CAs below it and has ${below}.`;
  }
  return undefined;
}

function judgeValidity(certificate: X509Certificate, what: string, now: Date): string | undefined {
  if (new Date(certificate.validTo) <= now) return `${what} has expired (${certificate.validTo}).`;
  if (new Date(certificate.validFrom) > now) return `${what} is not yet valid (${certificate.validFrom}).`;
  return undefined;
}

function isIssuedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  // A root that was sent along issued itself: that leads nowhere.
  if (subject.fingerprint256 === issuer.fingerprint256) return false;
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    // A signature of another algorithm than the candidate's key throws: not its issuer.
    return false;
  }
}
