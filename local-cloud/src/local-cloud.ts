import type { LocalCloud, LocalCloudOptions } from "./api.ts";
import { loadServerCredentials } from "./certificates/server-certificate.ts";
import type { Endpoints } from "./endpoints.ts";
import { type Closers, type Ground, type OpenHub, openDps, openHub } from "./listeners.ts";
import { silentLog } from "./log.ts";
import { createRooms, type Rooms } from "./rooms.ts";
import type { AccessKey } from "./service-api/sas.ts";
import { startServiceApi } from "./service-api/server.ts";
import { loadAccessKey } from "./state/access-key.ts";
import { claimStateFolder, type StateFolder } from "./state/folder.ts";

const HUB_NAME = "local-hub";
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
  const credentials = await loadServerCredentials(folder.path("tls"), clock());
  const accessKey = { name: KEY_NAME, key: loadAccessKey(folder.path("iothubowner.key")) };
  const ground: Ground = { rooms, credentials, clock, log, closers };

  const hub = await openHub(ground, ports.hub ?? 0);
  const dps = await openDps(ground, ports.dps ?? 0, options.retryAfter ?? DEFAULT_RETRY_AFTER);
  const { changed } = rooms.store;
  const service = await startServiceApi({ ...ground, ...rooms, changed, accessKey }, ports.service ?? 0);
  closers.push(service.close);

  const endpoints = describe(ground, dps.port, service.port, accessKey);
  folder.publish(endpoints);
  log.info({ dps: dps.port, hub: rooms.hubAddress.port, service: service.port }, "local cloud is up");
  return facade(rooms, hub, endpoints, folder, closers);
}

function describe(
  { rooms, credentials, clock }: Ground,
  dpsPort: number,
  servicePort: number,
  { name, key }: AccessKey,
): Endpoints {
  const groups = rooms.enrollments.groups();
  const connectionString = `HostName=localhost:${servicePort};SharedAccessKeyName=${name};SharedAccessKey=${key}`;
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
    hubs: [{ name: HUB_NAME, hostName: rooms.hostName(), connectionString }],
  };
}

function facade(
  rooms: Rooms,
  hub: OpenHub,
  endpoints: Endpoints,
  folder: StateFolder,
  closers: Closers,
): LocalCloud {
  const { telemetry } = rooms;
  return {
    endpoints,
    endpointsFile: folder.endpointsFile,
    faults: rooms.faults,
    dps: { setProvisioningStatus: rooms.enrollments.setProvisioningStatus },
    hub: {
      stop: hub.stop,
      start: hub.start,
      connectedDevices: rooms.hub.connectedDevices,
      disconnect: rooms.hub.disconnect,
      onTelemetry: telemetry.onMessage,
      telemetry: (deviceId) => telemetry.messages(deviceId),
      telemetryCounts: telemetry.counts,
    },
    close: () => closeAll(closers),
  };
}

async function closeAll(closers: Closers): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close();
}
