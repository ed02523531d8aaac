import type { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type Config, configError } from "../../config.ts";
import { fileReason, isAgentError } from "../../errors.ts";
import { loadIdentity } from "../../hub/identity.ts";
import { describeName } from "../../lib/common-name.ts";
import { severityOf } from "../codes.ts";
import { expiryCode } from "../observe.ts";
import { chainProblem, parseChain } from "./chain.ts";
import { type ConfiguredCheck, codeOf, type Finding } from "./check.ts";
import { isShared } from "./key.ts";

const DAY = 86_400_000;

const INSTALL = "install the device certificate as PEM: the leaf first, then its intermediates";
const RENEW = "install a new certificate and key of the same common name";

/** Whether the device certificate is one that Azure can take: form, chain, dates, name, and that the key is its own. */
export const certificateCheck: ConfiguredCheck = {
  id: "certificate",
  title: "device certificate",
  needs: ["device.certificateFile", "device.keyFile", "device.id"],
  async look({ config, clock }) {
    const file = config.device.certificateFile;
    const chain = await readChain(file);
    const [leaf] = chain;
    if (!leaf) return { result: "failed", detail: `${file} holds no PEM certificate`, remedy: INSTALL };
    const problem = chainProblem(chain);
    if (problem) return { result: "failed", detail: problem, remedy: INSTALL };
    const who = describe(chain, leaf);
    return (
      chain.map((certificate) => judgeDates(certificate, clock.now())).find((found) => found) ??
      (await judgePair(config, who)) ??
      judgeDaysLeft(leaf, clock.now(), who)
    );
  },
};

async function readChain(file: string): Promise<X509Certificate[]> {
  try {
    return parseChain(await readFile(file, "utf8"));
  } catch (cause) {
    throw configError(`${file}: ${fileReason(cause)}`, INSTALL, cause);
  }
}

function describe(chain: readonly X509Certificate[], leaf: X509Certificate): string {
  const others = chain.length > 1 ? `, ${chain.length - 1} more in its chain` : "";
  return `"${describeName(leaf.subject)}" issued by "${describeName(leaf.issuer)}"${others}`;
}

function judgeDates(certificate: X509Certificate, now: number): Finding | undefined {
  const name = describeName(certificate.subject);
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (now > to.getTime()) {
    const detail = `"${name}" expired on ${to.toISOString()}`;
    return { result: "failed", detail, remedy: RENEW, code: "CERTIFICATE_EXPIRED" };
  }
  if (now < from.getTime()) {
    return {
      result: "failed",
      detail: `"${name}" is valid from ${from.toISOString()} on`,
      remedy: "check this machine's clock",
      code: "CERTIFICATE_NOT_YET_VALID",
    };
  }
  return undefined;
}

async function judgePair({ device }: Config, who: string): Promise<Finding | undefined> {
  if (await isShared(device.keyFile)) {
    return {
      result: "warning",
      detail: `${who}; its key was not tried: its mode is wrong`,
      remedy: "correct the mode of the key first, as said there",
    };
  }
  try {
    loadIdentity(device);
    return undefined;
  } catch (error) {
    if (!isAgentError(error)) throw error;
    return { result: "failed", detail: error.message, remedy: error.remedy, ...codeOf(error.code) };
  }
}

/** As grave as the condition of an agent that runs with it. */
function judgeDaysLeft(leaf: X509Certificate, now: number, who: string): Finding {
  const to = new Date(leaf.validTo);
  const days = Math.floor((to.getTime() - now) / DAY);
  const detail = `${who}, ${days} days left, until ${to.toISOString()}`;
  const code = expiryCode(to, now);
  if (code === undefined) return { result: "ok", detail };
  return { result: severityOf(code) === "error" ? "failed" : "warning", detail, remedy: RENEW, code };
}
