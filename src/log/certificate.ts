import { causeOf, isAgentError } from "../errors.ts";
import type { IdentityListener } from "../hub/identity-source.ts";
import type { Logger } from "../log.ts";

/** What becomes of a new certificate and key, for the log. */
export function createCertificateLog(log: Logger): IdentityListener {
  return {
    onNew({ thumbprint, notAfter }) {
      log.info(
        { event: "certificate-new", thumbprint, notAfter },
        "a new certificate takes over at the next connect",
      );
    },
    onUnusable(error) {
      log.warn({ event: "certificate-unusable", ...causeOf(error) }, "the old certificate stays");
    },
    onFallback({ thumbprint }, why) {
      const isRefused = isAgentError(why) && why.code === "CERTIFICATE_REFUSED";
      log.warn(
        { event: "certificate-fallback", ...causeOf(why), thumbprint },
        isRefused
          ? "the new certificate does not get in: back to the old one"
          : "the new certificate has not got in yet: the old one is tried as well",
      );
    },
  };
}
