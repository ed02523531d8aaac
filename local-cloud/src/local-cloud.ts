import type { LocalCloud, LocalCloudOptions, LocalHub } from "./api.ts";
import { loadServerCredentials } from "./certificates/server-certificate.ts";
import type { Endpoints, HubEndpoints } from "./endpoints.ts";
import { laterPort } from "./hub-names.ts";
import { makeFolder } from "./lib/make-folder.ts";
import { type Closers, type Ground, type OpenHub, openDps, openHub } from "./listeners.ts";
import { silentLog } from "./log.ts";
import { refuseTaken, wantedPorts } from "./ports.ts";
import { createRooms, type HubRoom, type Rooms } from "./rooms.ts";
import { startServiceApi } from "./service-api/server.ts";
import { loadAccessKey } from "./state/access-key.ts";
import { claimStateFolder, type StateFolder } from "./state/folder.ts";
import { FIRST_HUB } from "./state/store.ts";

const KEY_NAME = "iothubowner";
const DEFAULT_RETRY_AFTER = 1;

/**
 * Starts a DPS and an IoT hub on loopback; resolves when all of it answers and endpoints.json is written.
 * @throws {LocalCloudError} when the state folder, an enrolled CA or a port cannot be used; nothing stays open then.
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const folder = claimStateFolder(options.stateDirectory);
  const closers: Closers = [() => folder.release()];
  try {
    return await start(options, folder, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function start(options: LocalCloudOptions, folder: StateFolder, closers: Closers): Promise<LocalCloud> {
  const { ports = {}, log = silentLog } = options;
  const clock = () => new Date();
  const rooms = createRooms(options, folder, clock, log);
  closers.push(rooms.store.flush);
  makeFolder(folder.path("tls"));
  await refuseTaken(wantedPorts(ports, rooms.hubs.length));
  const credentials = await loadServerCredentials(folder.path("tls"), clock());
  const ground: Ground = { rooms, credentials, clock, log, closers };

  const open: LinkedHub[] = [];
  for (const [index, room] of rooms.hubs.entries()) {
    const { stop, start } = await openHub(ground, room);
    const servicePort = laterPort(ports.service, index);
    open.push({ room, stop, start, ...(await openService(ground, folder, room, servicePort)) });
  }
  const dps = await openDps(ground, ports.dps ?? 0, options.retryAfter ?? DEFAULT_RETRY_AFTER);

  const endpoints = describe(ground, dps.port, open);
  folder.publish(endpoints);
  log.info({ endpoints: endpoints.dps.host, hubs: rooms.hubs.map(({ name }) => name) }, "local cloud is up");
  return facade(rooms, open, endpoints, folder, closers);
}

interface LinkedHub extends OpenHub {
  room: HubRoom;
  connectionString: string;
}

/** The service side of a hub, with a key of its own. */
async function openService(ground: Ground, folder: StateFolder, room: HubRoom, wantedPort: number) {
  const { rooms, closers } = ground;
  const keyFile = room.name === FIRST_HUB ? `${KEY_NAME}.key` : `${KEY_NAME}.${room.name}.key`;
  const accessKey = { name: KEY_NAME, key: loadAccessKey(folder.path(keyFile)) };
  const { allocation, enrollments, store, faults } = rooms;
  const { port, close } = await startServiceApi(
    {
      ...ground,
      ...room,
      allocation,
      enrollments,
      accessKey,
      changed: store.changed,
      faults: faults.faults,
      hubName: room.name,
    },
    wantedPort,
  );
  closers.push(close);
  const { name, key } = accessKey;
  return {
    connectionString: `HostName=localhost:${port};SharedAccessKeyName=${name};SharedAccessKey=${key}`,
  };
}

function describe(
  { rooms, credentials, clock }: Ground,
  dpsPort: number,
  hubs: readonly LinkedHub[],
): Endpoints {
  const groups = rooms.enrollments.groups();
  return {
    version: 1,
    pid: process.pid,
    startedAt: clock().toISOString(),
    dps: { host: `localhost:${dpsPort}`, idScope: rooms.idScope },
    enrollmentGroups: groups.map(({ enrollmentGroupId, certificateFile }) => ({
      enrollmentGroupId,
      certificateFile,
    })),
    trustedCaFile: credentials.caFile,
    hubs: hubs.map(
      ({ room, connectionString }): HubEndpoints => ({
        name: room.name,
        hostName: room.hostName(),
        connectionString,
      }),
    ),
  };
}

function facade(
  rooms: Rooms,
  open: readonly LinkedHub[],
  endpoints: Endpoints,
  folder: StateFolder,
  closers: Closers,
): LocalCloud {
  const hubs = open.map(hubFacade);
  const [hub] = hubs;
  if (!hub) throw new Error("a local cloud has a hub at least");
  return {
    endpoints,
    endpointsFile: folder.endpointsFile,
    faults: rooms.faults.faults,
    dps: {
      setProvisioningStatus: rooms.enrollments.setProvisioningStatus,
      assignTo: rooms.allocation.assignTo,
    },
    hub,
    hubs: Object.fromEntries(hubs.map((one) => [one.name, one])),
    close: () => closeAll(closers),
  };
}

function hubFacade({ room, stop, start }: LinkedHub): LocalHub {
  const { name, hub, telemetry } = room;
  return {
    name,
    stop,
    start,
    connectedDevices: hub.connectedDevices,
    disconnect: hub.disconnect,
    onTelemetry: telemetry.onMessage,
    telemetry: (deviceId) => telemetry.messages(deviceId),
    telemetryCounts: telemetry.counts,
  };
}

async function closeAll(closers: Closers): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
}
