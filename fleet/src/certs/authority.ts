import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as x509 from "@peculiar/x509";
import { FleetError, messageOf, usageError } from "../errors.ts";
import { checkDeviceName } from "./names.ts";

const DAY = 86_400_000;
const ROOT_DAYS = 3650;
const LEAF_DAYS = 365;
const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate and its private key, both PEM. */
export interface Pair {
  certificatePem: string;
  keyPem: string;
}

/** A certification authority that signs the leaves of devices. */
export interface Authority extends Pair {
  /**
   * A new P-256 key and a client certificate for it, valid from yesterday (a gateway's clock may be slow) for 365 days
   * unless told otherwise, never longer than the authority itself.
   * @throws FleetError USAGE if `commonName` breaks DPS's rules or the dates are the wrong way round
   */
  issueDevice(options: { commonName: string; notBefore?: Date; notAfter?: Date }): Promise<Pair>;
}

/**
 * A new self-signed P-256 root.
 * @param options.days from now until it ends; 3650 unless told
 */
export async function createAuthority(options: { commonName: string; days?: number }): Promise<Authority> {
  const days = options.days ?? ROOT_DAYS;
  if (!Number.isInteger(days) || days < 1 || days > 36_500) {
    throw usageError(`a root cannot be valid for ${days} days`, "give a whole number from 1 to 36500");
  }
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: [{ CN: [options.commonName] }],
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + days * DAY),
    keys,
    signingAlgorithm: P256,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return authority(certificate, await keyToPem(keys.privateKey), keys.privateKey, P256);
}

/**
 * The authority that lies in two PEM files: EC (P-256, P-384, P-521) or RSA.
 * @param makeCommand what would make such files, for the message when they are not there
 * @throws FleetError AUTHORITY_UNREADABLE or AUTHORITY_UNFIT, naming the file
 */
export async function loadAuthority(
  certificateFile: string,
  keyFile: string,
  makeCommand = "cave-fleet certs root",
): Promise<Authority> {
  const [certificatePem, keyPem] = await Promise.all([
    readPem(certificateFile, makeCommand),
    readPem(keyFile, makeCommand),
  ]);
  const parsed = parse(certificateFile, () => new X509Certificate(certificatePem));
  const key = parse(keyFile, () => createPrivateKey(keyPem));
  if (!parsed.ca) throw unfit(`${certificateFile} is not the certificate of a CA`);
  if (!parsed.checkPrivateKey(key)) throw unfit(`${keyFile} is not the key of ${certificateFile}`);
  const algorithm = signingAlgorithm(keyFile, key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  return authority(new x509.X509Certificate(certificatePem), keyPem, signingKey, algorithm);
}

type Algorithm = { name: string; hash: string; namedCurve?: string };

function authority(
  issuer: x509.X509Certificate,
  keyPem: string,
  signingKey: webcrypto.CryptoKey,
  signingAlgorithm: Algorithm,
): Authority {
  const issueDevice: Authority["issueDevice"] = async ({ commonName, notBefore, notAfter }) => {
    checkDeviceName(commonName);
    const from = notBefore ?? new Date(Date.now() - DAY);
    const wanted = notAfter ?? new Date(Date.now() + LEAF_DAYS * DAY);
    const until = new Date(Math.min(wanted.getTime(), issuer.notAfter.getTime()));
    if (!(from < until)) {
      throw usageError(
        `a certificate cannot start at ${from.toISOString()} and end at ${until.toISOString()}`,
        "give a notAfter later than notBefore, within the life of the root",
      );
    }
    const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: [{ CN: [commonName] }],
      issuer: issuer.subjectName,
      notBefore: from,
      notAfter: until,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm,
      extensions: await leafExtensions(issuer, keys.publicKey),
    });
    return { certificatePem: pemOf(certificate), keyPem: await keyToPem(keys.privateKey) };
  };
  return { certificatePem: pemOf(issuer), keyPem, issueDevice };
}

async function leafExtensions(
  issuer: x509.X509Certificate,
  key: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    await x509.SubjectKeyIdentifierExtension.create(key),
    await authorityKeyIdentifier(issuer),
  ];
}

async function authorityKeyIdentifier(issuer: x509.X509Certificate): Promise<x509.Extension> {
  // It must repeat the issuer's own SKI: another tool may have computed that one in another way.
  const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  return own
    ? new x509.AuthorityKeyIdentifierExtension(own.keyId)
    : await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey);
}

/** 127 random bits; the first byte is 0x40 to 0x7f, so that the DER integer is positive and never zero. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString("hex");
}

function signingAlgorithm(file: string, type: string | undefined, curve: string | undefined): Algorithm {
  if (type === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (curve === "prime256v1") return P256;
  if (curve === "secp384r1") return { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" };
  if (curve === "secp521r1") return { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" };
  throw unfit(`${file} is a key of type ${curve ?? type}, which Azure does not take`);
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function readPem(file: string, makeCommand: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new FleetError(`cannot read ${file}: ${messageOf(cause)}`, {
      code: "AUTHORITY_UNREADABLE",
      remedy: `make a root with: ${makeCommand}`,
      cause,
    });
  }
}

function parse<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unfit(`${file} is not what it should be: ${messageOf(cause)}`, cause);
  }
}

function unfit(message: string, cause?: unknown): FleetError {
  const remedy = "give the PEM files of one CA: its certificate, and its unencrypted EC or RSA key";
  return new FleetError(message, { code: "AUTHORITY_UNFIT", remedy, cause });
}
