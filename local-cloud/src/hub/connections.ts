import type { Logger } from "../log.ts";
import type { Session } from "../mqtt/broker.ts";
import type { Devices } from "./devices.ts";

/** Which devices are connected. */
export interface Connections {
  opened(session: Session): void;
  ended(session: Session): void;
  get(deviceId: string): Session | undefined;
  deviceIds(): string[];
  /** False when the device was not connected. */
  drop(deviceId: string): boolean;
}

export function createConnections(
  devices: Devices,
  clock: () => Date,
  changed: () => void,
  log: Logger,
): Connections {
  const sessions = new Map<string, Session>();
  const note = (deviceId: string, event: string) => {
    log.info({ deviceId }, event);
    const device = devices.get(deviceId);
    if (!device) return;
    device.connectionStateUpdatedTime = clock().toISOString();
    changed();
  };
  return {
    opened(session) {
      sessions.set(session.clientId, session);
      note(session.clientId, "device connected");
    },
    ended(session) {
      // The connection that took over is not this one's to end.
      if (sessions.get(session.clientId) !== session) return;
      sessions.delete(session.clientId);
      note(session.clientId, "device disconnected");
    },
    get: (deviceId) => sessions.get(deviceId),
    deviceIds: () => [...sessions.keys()].sort(),
    drop(deviceId) {
      const session = sessions.get(deviceId);
      session?.close();
      return session !== undefined;
    },
  };
}
