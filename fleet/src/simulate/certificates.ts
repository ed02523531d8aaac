import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Authority, createAuthority, loadAuthority } from "../certs/authority.ts";
import { deviceFiles, type PairFiles, rootFiles, writePair } from "../certs/files.ts";

const DAY = 86_400_000;
const ROOT_DAYS = 365;
const LEAF_DAYS = 90;
/** What ends sooner is made anew, so that a simulation may run for some days. */
const SPARE = 7 * DAY;

/** The throw-away certificates of a simulation. */
export interface SimulationCertificates {
  rootFile: string;
  /** How many had to be made, the root included. */
  made: number;
}

/** Makes what is missing, broken, foreign or near its end; keeps the rest, so that a second start is quick. */
export async function ensureCertificates(
  folder: string,
  deviceIds: string[],
): Promise<SimulationCertificates> {
  const root = rootFiles(folder);
  const kept = await usable(root, undefined);
  if (!kept) {
    const fresh = await createAuthority({ commonName: "Cheese Cave Simulator Root CA", days: ROOT_DAYS });
    await writePair(root, fresh, { force: true, option: "--certs" });
  }
  const rootCertificate = new X509Certificate(await readFile(root.certificateFile));
  const missing: PairFiles[] = [];
  let authority: Authority | undefined;
  for (const deviceId of deviceIds) {
    const files = deviceFiles(folder, deviceId);
    if (await usable(files, rootCertificate)) continue;
    authority ??= await loadAuthority(root.certificateFile, root.keyFile);
    const notAfter = new Date(Date.now() + LEAF_DAYS * DAY);
    await writePair(files, await authority.issueDevice({ commonName: deviceId, notAfter }), {
      force: true,
      option: "--certs",
    });
    missing.push(files);
  }
  return { rootFile: root.certificateFile, made: missing.length + (kept ? 0 : 1) };
}

async function usable(files: PairFiles, issuer: X509Certificate | undefined): Promise<boolean> {
  try {
    const certificate = new X509Certificate(await readFile(files.certificateFile));
    const key = createPrivateKey(await readFile(files.keyFile));
    if (!certificate.checkPrivateKey(key)) return false;
    if (Date.parse(certificate.validTo) < Date.now() + SPARE) return false;
    return issuer === undefined || (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
  } catch {
    // Missing or broken comes to the same: it is made anew.
    return false;
  }
}
