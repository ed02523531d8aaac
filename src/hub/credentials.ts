import type { Identity } from "./identity.ts";

/** What both services need to know of us, and we of them. */
export interface Credentials {
  identity: Identity;
  /** PEM; undefined: the CAs that Node trusts. */
  trustedCaPem: string | undefined;
  /** Announced in the DPS payload and at connect: "dtmi:…;1". */
  modelId: string;
}

/** Where the DPS has sent this device. */
export interface Assignment {
  /** `host` or `host:port` of the hub. */
  hub: string;
  deviceId: string;
}
