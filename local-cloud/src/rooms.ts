import { randomBytes } from "node:crypto";
import type { LocalCloudOptions } from "./api.ts";
import { createAllocation } from "./dps/allocation.ts";
import { createEnrollments } from "./dps/enrollments.ts";
import { createRegistrations } from "./dps/registrations.ts";
import { createFaults } from "./faults/faults.ts";
import { createDevices } from "./hub/devices.ts";
import { createHub, type HubOptions } from "./hub/hub.ts";
import { createTelemetry } from "./hub/telemetry.ts";
import { hubNames, laterPort } from "./hub-names.ts";
import type { Logger } from "./log.ts";
import { createLines } from "./mqtt/lines.ts";
import type { StateFolder } from "./state/folder.ts";
import { createStore, type HubState, loadState, type StateDocument, type Store } from "./state/store.ts";

export type Rooms = ReturnType<typeof createRooms>;
export type HubRoom = ReturnType<typeof createHubRoom>;

/** Everything that needs no port: what is kept and what is decided. */
export function createRooms(options: LocalCloudOptions, folder: StateFolder, clock: () => Date, log: Logger) {
  const names = hubNames(options.hubs);
  const stateFile = folder.path("state.json");
  const kept = loadState(stateFile);
  const idScope = options.idScope ?? kept?.idScope ?? newIdScope();
  const enrollments = createEnrollments(options.enrollmentGroups ?? []);
  const store: Store = createStore(stateFile, () => collect(), log);
  const { changed } = store;
  const anchors = enrollments.anchors();
  const keptHubs = kept?.hubs ?? [];
  const hubs = names.map((name, index) =>
    createHubRoom(name, laterPort(options.ports?.hub, index), keptHubs, { anchors, clock, changed, log }),
  );
  const registrations = createRegistrations(kept?.registrations ?? [], clock, changed);
  // A hub that is left out of this start keeps its devices for the next.
  const absent = keptHubs.filter(({ name }) => !names.includes(name));
  const collect = (): StateDocument => ({
    version: 2,
    idScope,
    hubs: [...hubs.map(({ name, devices }) => ({ name, devices: devices.all() })), ...absent],
    registrations: registrations.all(),
  });
  // The ID scope has to survive even if nobody ever registers.
  changed();
  const dpsLines = createLines();
  const faults = createFaults(dpsLines, new Map(hubs.map(({ name, lines }) => [name, lines])));
  const allocation = createAllocation(hubs);
  return { idScope, enrollments, store, hubs, registrations, allocation, dpsLines, faults };
}

/** @param port that it shall listen on, 0 for any free one. */
function createHubRoom(
  name: string,
  port: number,
  kept: readonly HubState[],
  common: Pick<HubOptions, "anchors" | "clock" | "changed" | "log">,
) {
  const { clock, changed } = common;
  const devices = createDevices(kept.find((hub) => hub.name === name)?.devices ?? [], clock, changed);
  const telemetry = createTelemetry();
  const address = { port };
  const hostName = () => `localhost:${address.port}`;
  const hub = createHub({ ...common, hostName, devices, telemetry });
  return {
    name,
    devices,
    telemetry,
    hub,
    address,
    hostName,
    lines: createLines(),
    disconnect: hub.disconnect,
  };
}

function newIdScope(): string {
  return `0ne${randomBytes(4).toString("hex").toUpperCase()}`;
}
