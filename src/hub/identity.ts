import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { configError } from "../config.ts";
import { fileReason, messageOf } from "../errors.ts";
import { commonNameIn, describeName } from "../lib/common-name.ts";

/** Who this gateway is: the leaf certificate with its chain, and the key that proves it. */
export interface Identity {
  /** The device id, which is also the DPS registration id: the leaf's common name, lower case. */
  deviceId: string;
  /** PEM: the leaf first, then its intermediates, all of which are sent (azure-iot-sdk-node #679). */
  certificatePem: string;
  /** PEM. Never logged, sent or copied. */
  keyPem: string;
  /** SHA-1 of the leaf, upper-case hexadecimal without colons, as Azure shows it. */
  thumbprint: string;
  notBefore: Date;
  notAfter: Date;
  issuer: string;
}

/**
 * Loads certificate and key and checks what can be checked without a clock or a network: both parse, they belong
 * together, the key is readable by its owner alone, the common name is the device id. Throws AgentError
 * `CONFIG_INVALID`. Dates are not judged here: a gateway without a real-time clock does not know what day it is.
 */
export function loadIdentity(device: { id: string; certificateFile: string; keyFile: string }): Identity {
  const certificatePem = read(device.certificateFile, "device.certificateFile");
  const keyPem = read(device.keyFile, "device.keyFile");
  const leaf = parseCertificate(
    certificatePem,
    "device.certificateFile",
    device.certificateFile,
    LEAF_REMEDY,
  );
  const key = parseKey(keyPem, device.keyFile);
  // Only once it is known to be a key: nobody needs to hide a certificate.
  refuseSharedKey(device.keyFile);
  if (!leaf.checkPrivateKey(key)) {
    throw configError(
      `device.keyFile: ${device.keyFile} is not the private key of the certificate ${device.certificateFile}`,
      "install the key and the certificate that were made together",
    );
  }
  const commonName = commonNameIn(leaf.subject) ?? "";
  const deviceId = (device.id || commonName).toLowerCase();
  if (commonName.toLowerCase() !== deviceId || deviceId === "") {
    throw configError(
      `device.id: "${deviceId}" is not the common name "${commonName}" of ${device.certificateFile}`,
      "leave device.id empty, or install the certificate that was issued for this device",
    );
  }
  return {
    deviceId,
    certificatePem,
    keyPem,
    thumbprint: leaf.fingerprint.replaceAll(":", ""),
    notBefore: new Date(leaf.validFrom),
    notAfter: new Date(leaf.validTo),
    issuer: describeName(leaf.issuer),
  };
}

/** The PEM of the CA that DPS and hub are trusted by; undefined for an empty name: the CAs that Node trusts. */
export function readTrustedCa(file: string): string | undefined {
  if (file === "") return undefined;
  const pem = read(file, "tls.trustedCaFile");
  parseCertificate(pem, "tls.trustedCaFile", file, CA_REMEDY);
  return pem;
}

function read(file: string, key: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw configError(
      `${key}: cannot read ${file}: ${fileReason(error)}`,
      "install the file, readable by the agent; its path is relative to the configuration file",
      error,
    );
  }
}

function refuseSharedKey(file: string): void {
  const mode = statSync(file).mode & 0o777;
  // Windows has no such mode bits: Node makes them up.
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw configError(
      `device.keyFile: ${file} has mode 0${mode.toString(8)}: others than its owner can use the private key`,
      `run: chmod 600 ${file}`,
    );
  }
}

const LEAF_REMEDY = "install the certificate in PEM form, a leaf followed by its intermediates";
const CA_REMEDY = "give the CA of the server in PEM form, or leave tls.trustedCaFile empty for Azure";

function parseCertificate(pem: string, key: string, file: string, remedy: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw configError(`${key}: ${file} holds no PEM certificate: ${messageOf(error)}`, remedy, error);
  }
}

function parseKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw configError(
      `device.keyFile: ${file} holds no usable PEM private key: ${messageOf(error)}`,
      "install the key unencrypted, in PEM form",
      error,
    );
  }
}
