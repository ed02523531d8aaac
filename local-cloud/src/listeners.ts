import type { ServerCredentials } from "./certificates/server-certificate.ts";
import { createDps } from "./dps/dps.ts";
import type { Listener } from "./lib/listen.ts";
import type { Logger } from "./log.ts";
import { createBroker } from "./mqtt/broker.ts";
import { listenForDevices } from "./mqtt/listener.ts";
import type { Rooms } from "./rooms.ts";

/** What has to be undone, last opened first. */
export type Closers = (() => Promise<void> | void)[];

export interface Ground {
  rooms: Rooms;
  credentials: ServerCredentials;
  clock: () => Date;
  log: Logger;
  closers: Closers;
}

export interface OpenHub {
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function openHub({ rooms, credentials, log, closers }: Ground, port: number): Promise<OpenHub> {
  // The broker outlives a stop of the listener: so do the devices' MQTT sessions, as on a hub that restarts.
  const broker = await createBroker(rooms.hub.mqtt, log);
  closers.push(broker.close, rooms.hub.close);
  const listen = (wanted: number) => listenForDevices(broker, credentials, wanted, "IoT hub", log);
  let listener: Listener | undefined = await listen(port);
  rooms.hubAddress.port = listener.port;
  const stop = async () => {
    const open = listener;
    listener = undefined;
    await open?.close();
  };
  closers.push(stop);
  return {
    stop,
    async start() {
      listener ??= await listen(rooms.hubAddress.port);
    },
  };
}

export async function openDps(ground: Ground, port: number, retryAfter: number): Promise<Listener> {
  const { rooms, credentials, clock, log, closers } = ground;
  const service = createDps({
    ...rooms,
    retryAfter,
    assign(deviceId, modelId) {
      rooms.devices.provision(deviceId, modelId);
      return rooms.hostName();
    },
    clock,
    log,
  });
  const broker = await createBroker(service, log);
  closers.push(broker.close);
  const listener = await listenForDevices(broker, credentials, port, "DPS", log);
  closers.push(listener.close);
  return listener;
}
