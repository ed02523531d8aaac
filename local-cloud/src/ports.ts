import { createServer } from "node:net";
import type { LocalCloudOptions } from "./api.ts";
import { LocalCloudError, systemErrorCode } from "./errors.ts";
import { laterPort } from "./hub-names.ts";
import { listenOnLoopback } from "./lib/listen.ts";

/** A port that was asked for. */
export interface WantedPort {
  what: string;
  /** By which `cave-cloud` is told of it. */
  option: string;
  port: number;
}

/** Without those that may be any free one. */
export function wantedPorts(ports: LocalCloudOptions["ports"], hubs: number): WantedPort[] {
  const ofHubs = (what: string, option: string, first: number | undefined) =>
    Array.from({ length: hubs }, (_, index) => ({ what, option, port: laterPort(first, index) }));
  const all = [
    { what: "DPS", option: "--dps-port", port: ports?.dps ?? 0 },
    ...ofHubs("IoT hub", "--hub-port", ports?.hub),
    ...ofHubs("service API", "--service-port", ports?.service),
  ];
  return all.filter(({ port }) => port !== 0);
}

/** The first port that two options ask for, and all that do. */
export function findClash(wanted: readonly WantedPort[]): { port: number; options: string[] } | undefined {
  for (const { port } of wanted) {
    const options = optionsOf(wanted.filter((other) => other.port === port));
    if (options.length > 1) return { port, options };
  }
  return undefined;
}

/** @throws {LocalCloudError} naming all ports that somebody else listens on, or one that cannot be listened on at all. */
export async function refuseTaken(wanted: readonly WantedPort[]): Promise<void> {
  const taken: WantedPort[] = [];
  for (const place of wanted) {
    try {
      const listener = await listenOnLoopback(() => createServer(), place.port, place.what);
      await listener.close();
    } catch (error) {
      if (!(error instanceof LocalCloudError)) throw error;
      if (systemErrorCode(error.cause) !== "EADDRINUSE") {
        throw new LocalCloudError(error.code, error.message, nameOther([place]), error);
      }
      taken.push(place);
    }
  }
  if (taken.length === 0) return;
  const list = taken.map(({ what, port }) => `${what}: port ${port}`).join(", ");
  throw new LocalCloudError(
    "fault",
    `${list} on loopback ${taken.length > 1 ? "are" : "is"} in use`,
    `stop what listens there, or ${nameOther(taken)}`,
  );
}

function nameOther(places: readonly WantedPort[]): string {
  const what = places.length > 1 ? "other ports" : "another port";
  return `name ${what} by ${optionsOf(places).join(", ")} (0 for any free one)`;
}

function optionsOf(places: readonly WantedPort[]): string[] {
  return [...new Set(places.map(({ option }) => option))];
}
