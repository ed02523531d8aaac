import type { ConfiguredCheck } from "./check.ts";
import { lookAtPeer } from "./peer.ts";

/** Whether the DPS can be reached, proves who it is, and takes a TLS handshake with our certificate. */
export const dpsCheck: ConfiguredCheck = {
  id: "dps",
  title: "DPS",
  needs: ["provisioning.host", "tls.trustedCaFile"],
  look: ({ config }, signal) => lookAtPeer("DPS", config.provisioning.host, config, signal),
};
