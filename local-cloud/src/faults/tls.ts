import type { FalseCertificate } from "../certificates/false-certificate.ts";
import { LocalCloudError } from "../errors.ts";
import type { Guise } from "../mqtt/listener.ts";

/**
 * What new connections meet instead of the server; those that are open stay as they are.
 * `at` is `dps` or the name of a hub; without it, all of them.
 */
export interface TlsFaults {
  /** Another certificate than the server's own: each must be refused by a device. */
  presentCertificate(kind: FalseCertificate, at?: string): void;
  /** MQTT without TLS. */
  plain(at?: string): void;
  /** Any request is answered by HTTP 302, as on a guest network. */
  captivePortal(at?: string): void;
  /** Takes the TCP connection and says nothing. */
  silent(at?: string): void;
}

export interface TlsFaultSwitches {
  readonly faults: TlsFaults;
  guise(at: string): Guise;
  active(): object;
  clear(): void;
}

/** @param places `dps` and the names of the hubs. */
export function createTlsFaults(places: readonly string[]): TlsFaultSwitches {
  const guises = new Map<string, Guise>();
  const set = (guise: Guise, at: string | undefined) => {
    if (at !== undefined && !places.includes(at)) throw unknownPlace(at, places);
    for (const place of at === undefined ? places : [at]) guises.set(place, guise);
  };
  return {
    faults: {
      presentCertificate: set,
      plain: (at) => set("plain", at),
      captivePortal: (at) => set("captive-portal", at),
      silent: (at) => set("silent", at),
    },
    guise: (at) => guises.get(at) ?? "honest",
    active: () => Object.fromEntries(guises),
    clear: () => guises.clear(),
  };
}

function unknownPlace(at: string, places: readonly string[]): LocalCloudError {
  return new LocalCloudError(
    "configuration",
    `at is ${at}`,
    `name one of ${places.join(", ")}, or none for all`,
  );
}
