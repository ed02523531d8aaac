import { randomBytes } from "node:crypto";
import type { LocalCloudOptions } from "./api.ts";
import { createEnrollments } from "./dps/enrollments.ts";
import { createRegistrations } from "./dps/registrations.ts";
import { createFaults } from "./faults/faults.ts";
import { createDevices } from "./hub/devices.ts";
import { createHub } from "./hub/hub.ts";
import { createTelemetry } from "./hub/telemetry.ts";
import type { Logger } from "./log.ts";
import type { StateFolder } from "./state/folder.ts";
import { createStore, loadState, type Store } from "./state/store.ts";

export type Rooms = ReturnType<typeof createRooms>;

/** Everything that needs no port: what is kept and what is decided. */
export function createRooms(options: LocalCloudOptions, folder: StateFolder, clock: () => Date, log: Logger) {
  const stateFile = folder.path("state.json");
  const kept = loadState(stateFile);
  const idScope = options.idScope ?? kept?.idScope ?? newIdScope();
  const enrollments = createEnrollments(options.enrollmentGroups ?? []);
  const store: Store = createStore(stateFile, () => collect(), log);
  const { changed } = store;
  const devices = createDevices(kept?.devices ?? [], clock, changed);
  const registrations = createRegistrations(kept?.registrations ?? [], clock, changed);
  const collect = () => ({
    version: 1 as const,
    idScope,
    devices: devices.all(),
    registrations: registrations.all(),
  });
  // The ID scope has to survive even if nobody ever registers.
  changed();
  const telemetry = createTelemetry();
  const hubAddress = { port: options.ports?.hub ?? 0 };
  const hostName = () => `localhost:${hubAddress.port}`;
  const anchors = enrollments.anchors();
  const hub = createHub({ hostName, devices, telemetry, anchors, clock, changed, log });
  const faults = createFaults();
  return {
    idScope,
    enrollments,
    store,
    devices,
    registrations,
    telemetry,
    hub,
    hubAddress,
    hostName,
    faults,
  };
}

function newIdScope(): string {
  return `0ne${randomBytes(4).toString("hex").toUpperCase()}`;
}
