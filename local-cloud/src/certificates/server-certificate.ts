import { createPrivateKey, randomBytes, type webcrypto, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../lib/atomic-file.ts";
import { x509 } from "./x509.ts";

export interface ServerCredentials {
  /** Server certificate and CA, PEM. */
  certificate: string;
  key: string;
  /** PEM of the CA that clients have to trust. */
  caFile: string;
  ca: Issued;
}

/** A certificate and its key, PEM. */
export interface Issued {
  certificate: string;
  key: string;
}

const DAY = 86_400_000;
const RENEW_BEFORE = 30 * DAY;
const CA_LIFE = 1_825 * DAY;
// Apple's TLS refuses server certificates that live longer than 825 days; public CAs stop at 398.
const SERVER_LIFE = 397 * DAY;
const LOOPBACK_ADDRESSES = [
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
] as const;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The servers' own CA and certificate for localhost: kept in `directory`, remade 30 days before they expire. */
export async function loadServerCredentials(directory: string, now: Date): Promise<ServerCredentials> {
  const caFile = join(directory, "ca.pem");
  const caKeyFile = join(directory, "ca.key");
  const serverFile = join(directory, "server.pem");
  const serverKeyFile = join(directory, "server.key");
  let ca = read(caFile, caKeyFile, now);
  if (!ca) {
    ca = await makeCa(now);
    write(caFile, caKeyFile, ca);
  }
  let server = read(serverFile, serverKeyFile, now);
  if (
    !server ||
    !new X509Certificate(server.certificate).verify(new X509Certificate(ca.certificate).publicKey)
  ) {
    server = await makeServer(ca, now);
    write(serverFile, serverKeyFile, server);
  }
  return { certificate: `${server.certificate}\n${ca.certificate}`, key: server.key, caFile, ca };
}

function read(certificateFile: string, keyFile: string, now: Date): Issued | undefined {
  if (!existsSync(certificateFile) || !existsSync(keyFile)) return undefined;
  try {
    const certificate = readFileSync(certificateFile, "utf8");
    const key = readFileSync(keyFile, "utf8");
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return undefined;
    const lasts = new Date(parsed.validTo).getTime() - now.getTime() > RENEW_BEFORE;
    return lasts && new Date(parsed.validFrom) <= now ? { certificate, key } : undefined;
  } catch {
    // Damaged: it is ours alone, so it is made again.
    return undefined;
  }
}

function write(certificateFile: string, keyFile: string, issued: Issued): void {
  writeFileAtomically(keyFile, issued.key);
  writeFileAtomically(certificateFile, issued.certificate);
}

/** A CA with a new key, valid from a day ago. */
export async function makeCa(now: Date): Promise<Issued> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // A name of its own for every CA, so that a client that trusts an older one sees a foreign issuer, not a bad signature.
    name: `CN=cave-cloud local CA ${randomBytes(4).toString("hex")}`,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + CA_LIFE),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

export interface ServerCertificateOptions {
  host?: string;
  notBefore?: Date;
  notAfter?: Date;
}

/** A server certificate with a new key: for localhost and valid from a day ago, unless told otherwise. */
export async function makeServer(
  ca: Issued,
  now: Date,
  { host = "localhost", ...validity }: ServerCertificateOptions = {},
): Promise<Issued> {
  const issuer = new x509.X509Certificate(ca.certificate);
  const signingKey = await importKey(ca.key);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${host}`,
    issuer: issuer.subject,
    notBefore: validity.notBefore ?? new Date(now.getTime() - DAY),
    notAfter: validity.notAfter ?? new Date(now.getTime() + SERVER_LIFE),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: host },
        ...(host === "localhost" ? LOOPBACK_ADDRESSES : []),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** Positive and without a leading zero byte (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}
