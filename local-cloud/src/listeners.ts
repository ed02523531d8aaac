import { type FalseCertificate, makeFalseCertificate } from "./certificates/false-certificate.ts";
import type { Issued, ServerCredentials } from "./certificates/server-certificate.ts";
import { createDps } from "./dps/dps.ts";
import { withHubFaults } from "./faults/unruly-hub.ts";
import type { Listener } from "./lib/listen.ts";
import type { Logger } from "./log.ts";
import { type Broker, createBroker } from "./mqtt/broker.ts";
import type { Lines } from "./mqtt/lines.ts";
import { listenForDevices } from "./mqtt/listener.ts";
import type { HubRoom, Rooms } from "./rooms.ts";

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

export async function openHub(ground: Ground, { name, hub, address, lines }: HubRoom): Promise<OpenHub> {
  const { rooms, log, closers } = ground;
  // The broker outlives a stop of the listener: so do the devices' MQTT sessions, as on a hub that restarts.
  const broker = await createBroker(withHubFaults(hub.mqtt, rooms.faults.hub(name)), log);
  closers.push(broker.close, hub.close);
  const listen = (port: number) => openListener(ground, { broker, lines, port, at: name, what: "IoT hub" });
  let listener: Listener | undefined = await listen(address.port);
  address.port = listener.port;
  const stop = async () => {
    const open = listener;
    listener = undefined;
    await open?.close();
  };
  closers.push(stop);
  return {
    stop,
    async start() {
      listener ??= await listen(address.port);
    },
  };
}

export async function openDps(ground: Ground, port: number, retryAfter: number): Promise<Listener> {
  const { rooms, clock, log, closers } = ground;
  const service = createDps({ ...rooms, faults: rooms.faults.dps, retryAfter, clock, log });
  const broker = await createBroker(service, log);
  closers.push(broker.close);
  const listener = await openListener(ground, {
    broker,
    lines: rooms.dpsLines,
    port,
    at: "dps",
    what: "DPS",
  });
  closers.push(listener.close);
  return listener;
}

interface Place {
  broker: Broker;
  lines: Lines;
  port: number;
  /** `dps` or the hub's name: what the fault switches call it. */
  at: string;
  what: string;
}

function openListener(
  { rooms, credentials, clock, log }: Ground,
  { at, ...place }: Place,
): Promise<Listener> {
  const certificateFor = async (shown: "honest" | FalseCertificate): Promise<Issued> =>
    shown === "honest" ? credentials : makeFalseCertificate(shown, credentials.ca, clock());
  return listenForDevices({ ...place, guise: () => rooms.faults.tls.guise(at), certificateFor, log });
}
