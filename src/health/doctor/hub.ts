import type { ConfiguredCheck } from "./check.ts";
import { lookAtPeer } from "./peer.ts";

/** The same for the hub that the DPS has assigned, where that is known. */
export const hubCheck: ConfiguredCheck = {
  id: "hub",
  title: "hub",
  needs: ["tls.trustedCaFile"],
  async look({ config, hub }, signal) {
    if (!hub) return { result: "skipped", detail: "no assignment is kept that would name one" };
    return lookAtPeer("HUB", hub, config, signal);
  },
};
