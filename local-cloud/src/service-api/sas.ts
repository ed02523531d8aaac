import { createHmac, timingSafeEqual } from "node:crypto";
import { unauthorized } from "../azure-error.ts";

export interface AccessKey {
  name: string;
  /** Base64. */
  key: string;
}

/**
 * Checks an Authorization header `SharedAccessSignature sr=…&sig=…&se=…&skn=…`.
 * https://learn.microsoft.com/azure/iot-hub/iot-hub-dev-guide-sas
 * @param hosts names by which the hub may be meant in `sr`
 * @param path of the request, which `sr` may narrow down to
 * @throws {AzureError} 401003.
 */
export function checkSas(
  header: string | undefined,
  { name, key }: AccessKey,
  hosts: readonly string[],
  path: string,
  now: Date,
): void {
  const fields = parse(header);
  const [sr, sig, se] = [fields.get("sr"), fields.get("sig"), fields.get("se")];
  if (!sr || !sig || !se)
    throw unauthorized("The request carries no shared access signature (sr, sig, se, skn).");
  if (decode(fields.get("skn") ?? "") !== name) throw unauthorized(`The policy must be ${name}.`);
  const expected = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`).digest();
  const given = Buffer.from(decode(sig), "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw unauthorized("The signature does not match: wrong key.");
  }
  const expiry = Number(se);
  if (!Number.isFinite(expiry) || expiry * 1000 <= now.getTime()) {
    throw unauthorized(`The signature expired at ${se} (seconds since 1970).`);
  }
  if (!covers(decode(sr).toLowerCase(), hosts, path.toLowerCase())) {
    throw unauthorized(`The signature is for ${decode(sr)}, not for this hub.`);
  }
}

function covers(resource: string, hosts: readonly string[], path: string): boolean {
  return hosts.some(
    (host) =>
      resource === host || (resource.startsWith(`${host}/`) && `${host}${path}/`.startsWith(`${resource}/`)),
  );
}

function parse(header: string | undefined): Map<string, string> {
  const match = /^SharedAccessSignature\s+(.+)$/i.exec(header ?? "");
  const pairs = (match?.[1] ?? "").split("&").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  return new Map(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unauthorized("The shared access signature is not URL-encoded.");
  }
}
