import { LocalCloudError, startLocalCloud } from "cave-cloud";
import { FleetError } from "../errors.ts";

/** Those of `cave-cloud` for the same. */
const EXIT_CODES = { fault: 70, configuration: 78 };
const GROUP = "cheesecave-devices";

/** The local cloud as far as a simulation goes. */
export interface LocalCloud {
  /** What goes into the configuration of an agent. */
  forAgents: { dpsHost: string; idScope: string; trustedCaFile: string };
  /** Of the service side; holds a key. */
  connectionString: string;
  connected(): string[];
  /** Different messages the hub has of one device. */
  uniqueMessages(deviceId: string): number;
  /** Returns what tells the time, by `clock`, at which the last of the devices had its first message in; null before. */
  watchFirstTelemetry(deviceIds: string[], clock: () => number): () => number | null;
  close(): Promise<void>;
}

/** @throws FleetError LOCAL_CLOUD if it cannot start, for one because another runs in the same state folder */
export async function startCloud(stateDirectory: string, rootFile: string): Promise<LocalCloud> {
  const cloud = await startLocalCloud({
    stateDirectory,
    enrollmentGroups: [{ enrollmentGroupId: GROUP, certificateFile: rootFile }],
  }).catch((error: unknown) => {
    if (!(error instanceof LocalCloudError)) throw error;
    const { message, remedy } = error;
    const exitCode = EXIT_CODES[error.code];
    throw new FleetError(message, { code: "LOCAL_CLOUD", remedy, exitCode, cause: error });
  });
  const { dps, hubs, trustedCaFile } = cloud.endpoints;
  const hub = hubs[0];
  if (!hub) throw new Error("the local cloud has no hub");
  return {
    forAgents: { dpsHost: dps.host, idScope: dps.idScope, trustedCaFile },
    connectionString: hub.connectionString,
    connected: () => cloud.hub.connectedDevices(),
    uniqueMessages: (deviceId) => cloud.hub.telemetryCounts(deviceId).unique,
    watchFirstTelemetry: (deviceIds, clock) => {
      const missing = new Set(deviceIds);
      let at: number | null = null;
      const unsubscribe = cloud.hub.onTelemetry(({ deviceId }) => {
        if (!missing.delete(deviceId) || missing.size > 0) return;
        at = clock();
        unsubscribe();
      });
      return () => at;
    },
    close: () => cloud.close(),
  };
}
