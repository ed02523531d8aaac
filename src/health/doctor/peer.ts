import type { Config } from "../../config.ts";
import { isAgentError, messageOf } from "../../errors.ts";
import { loadIdentity, readTrustedCa } from "../../hub/identity.ts";
import { isEarly, isTrustFailure, tlsRefusal, trustRemedy } from "../../hub/tls-failure.ts";
import type { Finding } from "./check.ts";
import { parseEndpoint } from "./endpoint.ts";
import { type Peer, shakeHands, type TlsParts } from "./handshake.ts";

const REFUSAL_REMEDY =
  "check that the server knows the CA of our certificate, that device.certificateFile holds its intermediates, and its dates";

/** Connects to `endpoint` as the agent does, up to the end of the TLS handshake. */
export async function lookAtPeer(
  who: "DPS" | "HUB",
  endpoint: string,
  config: Config,
  signal: AbortSignal,
): Promise<Finding> {
  const own = ownPair(config);
  const parts: TlsParts = {
    ...parseEndpoint(endpoint),
    ca: readTrustedCa(config.tls.trustedCaFile),
    own,
  };
  try {
    const peer = await shakeHands(parts, signal);
    const detail = `${endpoint} answers in ${describe(peer)}`;
    if (peer.hungUp) {
      return {
        result: "failed",
        detail: `${detail}; it closes the connection right after the handshake`,
        remedy: REFUSAL_REMEDY,
        code: `${who}_REFUSED`,
      };
    }
    return own
      ? { result: "ok", detail }
      : { result: "warning", detail: `${detail}; our certificate could not be shown`, remedy: "see above" };
  } catch (error) {
    signal.throwIfAborted();
    return explain(who, endpoint, error);
  }
}

function describe({ protocol, certificate }: Peer): string {
  return `${protocol}; its certificate: ${certificate}`;
}

function ownPair({ device }: Config): TlsParts["own"] {
  try {
    const { certificatePem, keyPem } = loadIdentity(device);
    return { cert: certificatePem, key: keyPem };
  } catch (error) {
    // What is wrong with it is said by the checks of certificate and key.
    if (isAgentError(error)) return undefined;
    throw error;
  }
}

function explain(who: "DPS" | "HUB", endpoint: string, error: unknown): Finding {
  const refusal = tlsRefusal(error);
  if (refusal) {
    return {
      result: "failed",
      detail: `${endpoint} refused our certificate in TLS: ${refusal}`,
      remedy: REFUSAL_REMEDY,
      code: `${who}_REFUSED`,
    };
  }
  if (isTrustFailure(error)) {
    return {
      result: "failed",
      detail: `${endpoint} could not prove who it is: ${causeOf(error)}`,
      remedy: trustRemedy(error),
      code: isEarly(error) ? "CLOCK_BEHIND" : `${who}_UNTRUSTED`,
    };
  }
  return {
    result: "failed",
    detail: `${endpoint} cannot be reached by TLS: ${causeOf(error)}`,
    remedy: `check the network, the firewall, and that ${endpoint} is right`,
    code: `${who}_UNREACHABLE`,
  };
}

/** A name with several addresses fails with one error for each, and no text of its own. */
function causeOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : messageOf(error);
}
