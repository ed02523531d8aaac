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
