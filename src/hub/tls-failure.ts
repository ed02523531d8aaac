import { messageOf } from "../errors.ts";

// RFC 8446 section 6.2: the alerts by which a server refuses the client's certificate.
const CERTIFICATE_ALERTS: Record<number, string> = {
  42: "bad certificate",
  43: "unsupported certificate",
  44: "certificate revoked",
  45: "certificate expired",
  46: "certificate unknown",
  48: "unknown CA",
  49: "access denied",
  116: "certificate required",
};

/**
 * What a server said of our certificate in TLS; undefined if it said nothing. Under TLS 1.2 Node has no code for it but
 * EPROTO, so OpenSSL's text has to tell.
 */
export function tlsRefusal(error: unknown): string | undefined {
  const number = /SSL alert number (\d+)/.exec(messageOf(error))?.[1];
  const reason = CERTIFICATE_ALERTS[Number(number)];
  return reason && `${reason} (TLS alert ${number})`;
}

/** True if what answered does not speak TLS at all, as an HTTP server on that port. */
export function isNoTls(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /WRONG_VERSION_NUMBER|wrong version number|http request|packet length too long/i.test(
    `${code} ${messageOf(error)}`,
  );
}

/** True if a server was reached, but OpenSSL or Node did not accept its certificate. */
export function isTrustFailure(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && !tlsRefusal(error) && /CERT|SIGNED|ISSUER|SIGNATURE|ALTNAME/.test(code);
}

/** True if the server's certificate is one of the future; machines without a real-time clock live in the past. */
export function isEarly(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "CERT_NOT_YET_VALID";
}

export const CLOCK_REMEDY = "wait for time synchronization, or set the clock";

/** What to do about a server whose certificate was not accepted: its dates are no matter of trust. */
export function trustRemedy(error: unknown): string {
  if (isEarly(error)) return CLOCK_REMEDY;
  if (error instanceof Error && "code" in error && error.code === "CERT_HAS_EXPIRED") {
    return "check this machine's clock; if it is right, the server's certificate has to be renewed there";
  }
  return "set tls.trustedCaFile to the CA of the server, or leave it empty for Azure; check that no proxy intercepts TLS";
}
