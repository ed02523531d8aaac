import { AgentError, isAgentError, messageOf } from "../errors.ts";
import type { Identity } from "./identity.ts";
import { CLOCK_REMEDY, isEarly, isNoTls, isTrustFailure, tlsRefusal, trustRemedy } from "./tls-failure.ts";

/** Which service answered, or did not. */
export type Peer = "DPS" | "hub";

/** Who tried, and when by this machine's clock, milliseconds since 1970. */
export interface Try {
  identity: Identity;
  at: number;
}

// MQTT 3.1.1 section 3.2.2.3: the return codes of CONNACK that refuse.
const REFUSALS: Record<number, string> = {
  1: "unacceptable protocol version",
  2: "identifier rejected",
  3: "server unavailable",
  4: "bad user name or password",
  5: "not authorized",
};

const UNAVAILABLE = 3;

/**
 * What went wrong below MQTT or in its handshake, by the error that MQTT.js raised: a number is the server's own word
 * in CONNACK; a text code is the socket's or OpenSSL's, which says nothing about who we are, unless it is an alert.
 */
export function connectFailure(peer: Peer, endpoint: string, error: unknown, tried: Try): AgentError {
  if (isAgentError(error)) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const refusal = tlsRefusal(error) ?? (typeof code === "number" ? connackReason(code) : undefined);
  if (code === UNAVAILABLE) return unavailable(peer, endpoint, error);
  if (refusal) return refused(peer, endpoint, refusal, error, tried);
  if (isEarly(error)) return clockBehind(peer, endpoint, error);
  if (isTrustFailure(error)) {
    return new AgentError(`the ${peer} ${endpoint} could not prove who it is: ${messageOf(error)}`, {
      code: `${peer.toUpperCase()}_UNTRUSTED`,
      retryable: true,
      remedy: trustRemedy(error),
      cause: error,
    });
  }
  if (isNoTls(error)) {
    return new AgentError(`what answers as the ${peer} ${endpoint} does not speak TLS`, {
      code: `${peer.toUpperCase()}_UNREACHABLE`,
      retryable: true,
      remedy: `check that no captive portal or proxy answers in its place, and that ${endpoint} is right`,
      cause: error,
    });
  }
  return new AgentError(`the ${peer} ${endpoint} cannot be reached: ${messageOf(error)}`, {
    code: `${peer.toUpperCase()}_UNREACHABLE`,
    retryable: true,
    remedy: `check the network, the name server, the firewall, and that ${endpoint} is right`,
    cause: error,
  });
}

function clockBehind(peer: Peer, endpoint: string, cause: unknown): AgentError {
  return new AgentError(
    `by this machine's clock the certificate of the ${peer} ${endpoint} is not yet valid`,
    {
      code: "CLOCK_BEHIND",
      retryable: true,
      remedy: CLOCK_REMEDY,
      cause,
    },
  );
}

function connackReason(code: number): string {
  return REFUSALS[code] ?? `return code ${code}`;
}

function unavailable(peer: Peer, endpoint: string, cause: unknown): AgentError {
  return new AgentError(
    `the ${peer} ${endpoint} is not available at the moment (return code ${UNAVAILABLE})`,
    {
      code: `${peer.toUpperCase()}_UNAVAILABLE`,
      retryable: true,
      remedy: "nothing: the agent tries again by itself",
      cause,
    },
  );
}

/** The hub was reached, and let us in; what it then sent, the SDK cannot read. */
export function garbled(endpoint: string, cause: unknown): AgentError {
  return new AgentError(`the hub ${endpoint} was reached, but answers nonsense: ${messageOf(cause)}`, {
    code: "HUB_GARBLED",
    retryable: true,
    remedy: `check that ${endpoint} is an Azure IoT Hub; the agent tries again by itself`,
    cause,
  });
}

const REFUSED_REMEDY: Record<Peer, string> = {
  DPS: "check that provisioning.host is a DPS, and that the CA of this certificate is enrolled there",
  hub: "check that the device exists, is enabled, and belongs to this certificate",
};

function refused(peer: Peer, endpoint: string, reason: string, cause: unknown, tried: Try): AgentError {
  return new AgentError(`the ${peer} ${endpoint} refused ${tried.identity.deviceId}: ${reason}`, {
    code: `${peer.toUpperCase()}_REFUSED`,
    retryable: true,
    remedy: certificateRemedy(tried) ?? REFUSED_REMEDY[peer],
    cause,
  });
}

/** What the DPS said in a registration answer: Azure's error body or registration state. */
export interface RegistrationRefusal {
  errorCode?: number;
  message?: string;
  errorMessage?: string;
  status?: string;
}

/** One line for what the DPS refused, with Azure's code and what to do about it. */
export function registrationFailure(
  refusal: RegistrationRefusal,
  idScope: string,
  tried: Try,
  cause: unknown,
): AgentError {
  const status = refusal.status?.toLowerCase();
  const { code, remedy } = judge(refusal, status, mask(idScope), tried);
  const said =
    refusal.message ?? refusal.errorMessage ?? (status ? `registration is ${status}` : messageOf(cause));
  // The whole ID scope stays out of the log, also in the service's own words.
  const text = said.replaceAll(idScope, mask(idScope));
  const number = refusal.errorCode ? ` (${refusal.errorCode})` : "";
  const who = tried.identity.deviceId;
  const isAnswer = refusal.errorCode !== undefined || refusal.message !== undefined || status !== undefined;
  const what = isAnswer ? `the DPS refused to register ${who}` : `the registration of ${who} broke off`;
  return new AgentError(`${what}: ${text}${number}`, {
    code,
    retryable: true,
    remedy,
    cause,
  });
}

/** Enough of the ID scope to know which one it is: "0ne0…89". */
function mask(idScope: string): string {
  return `${idScope.slice(0, 4)}…${idScope.slice(-2)}`;
}

function judge(refusal: RegistrationRefusal, status: string | undefined, scope: string, tried: Try) {
  if (status === "disabled") {
    return {
      code: "DPS_DISABLED",
      remedy: "enable the enrolment group, or the device's own enrolment, in the DPS",
    };
  }
  const kind = Math.floor((refusal.errorCode ?? 0) / 1000);
  if (kind === 404) {
    return {
      code: "DPS_NOT_FOUND",
      remedy: `check provisioning.idScope: this DPS does not know "${scope}"`,
    };
  }
  if (kind === 401) {
    return { code: "DPS_UNAUTHORIZED", remedy: certificateRemedy(tried) ?? unknownIssuer(tried.identity) };
  }
  if (refusal.errorCode === undefined) {
    return {
      code: "DPS_FAILED",
      remedy:
        "nothing: the agent tries again; if this repeats: another agent may be using this device's certificate",
    };
  }
  return { code: "DPS_FAILED", remedy: "look the code up in the DPS's documentation; the agent tries again" };
}

function unknownIssuer(identity: Identity): string {
  return (
    `enrol the CA "${identity.issuer}" as a group in the DPS, or install a leaf of the enrolled CA ` +
    "with its intermediates in device.certificateFile"
  );
}

/** Only our own dates can tell why; the server does not. Undefined if they are in order. */
function certificateRemedy({ identity: { notBefore, notAfter }, at }: Try): string | undefined {
  if (at > notAfter.getTime()) {
    return `the certificate expired on ${notAfter.toISOString()}: install a new one`;
  }
  if (at < notBefore.getTime()) {
    return `the certificate is valid from ${notBefore.toISOString()} on: check this machine's clock`;
  }
  return undefined;
}
