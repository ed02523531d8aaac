import type { X509Certificate } from "node:crypto";
import { x509 } from "./x509.ts";

/** What Node's own X509Certificate does not tell. */
export interface CertificateFacts {
  /** Empty if there is none. */
  commonName: string;
  /** True as well without a key usage, which allows every use (RFC 5280, 4.2.1.3). */
  maySign: boolean;
  pathLength: number | undefined;
}

// Reading one takes milliseconds, and a fleet that comes back shows thousands, most of them known.
const known = new Map<string, CertificateFacts>();
const MOST = 10_000;

export function factsOf(certificate: X509Certificate): CertificateFacts {
  const found = known.get(certificate.fingerprint256);
  if (found) return found;
  const facts = read(certificate);
  if (known.size >= MOST) known.clear();
  known.set(certificate.fingerprint256, facts);
  return facts;
}

function read(certificate: X509Certificate): CertificateFacts {
  const parsed = new x509.X509Certificate(certificate.raw);
  const usage = parsed.getExtension(x509.KeyUsagesExtension);
  return {
    commonName: parsed.subjectName.getField("CN")[0] ?? "",
    maySign: !usage || (usage.usages & x509.KeyUsageFlags.digitalSignature) !== 0,
    pathLength: parsed.getExtension(x509.BasicConstraintsExtension)?.pathLength,
  };
}
