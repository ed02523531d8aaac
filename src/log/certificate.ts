import { causeOf } from "../errors.ts";
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
      log.warn(
        { event: "certificate-fallback", ...causeOf(why), thumbprint },
        "the new certificate does not get in: back to the old one",
      );
    },
  };
}
