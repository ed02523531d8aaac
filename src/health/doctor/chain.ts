import { X509Certificate } from "node:crypto";
import { describeName } from "../../lib/common-name.ts";

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in its order. Throws if one of them cannot be parsed. */
export function parseChain(pem: string): X509Certificate[] {
  return (pem.match(PEM_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

/**
 * What is wrong with the order or the signatures of a chain, leaf first: each certificate has to be issued and signed
 * by the next (RFC 8446, section 4.4.2). Undefined if nothing is.
 */
export function chainProblem(chain: readonly X509Certificate[]): string | undefined {
  if (chain[0]?.ca)
    return `the first certificate, "${describeName(chain[0].subject)}", is a CA's and no device's`;
  for (const [index, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[index + 1];
    if (!issuer || isIssuedBy(certificate, issuer)) continue;
    const name = describeName(certificate.subject);
    return `"${name}" was issued by "${describeName(certificate.issuer)}", but "${describeName(issuer.subject)}" follows it`;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of another kind than the signature's throws: not its issuer.
    return false;
  }
}
