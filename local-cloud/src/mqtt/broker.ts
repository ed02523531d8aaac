import type { TLSSocket } from "node:tls";
import { Aedes, type AedesOptions, type Client } from "aedes";
import { type PeerChain, readPeerChain } from "../certificates/peer.ts";
import type { Logger } from "../log.ts";

/** One connected client, as a service sees it. */
export interface Session {
  readonly clientId: string;
  readonly userName: string;
  readonly peer: PeerChain;
  isSubscribed(topicFilter: string): boolean;
  /** Sends to this client alone, QoS 0: nothing goes through the broker's topics. */
  deliver(topic: string, payload: string): void;
  close(): void;
}

export interface Publication {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** Sent by the broker for a client that went away without saying so. */
  isWill: boolean;
}

/** CONNACK return codes of MQTT 3.1.1, 3.2.2.3. */
export type Refusal = { returnCode: 2 | 3 | 4 | 5; reason: string };

/** What stands behind a broker; a returned reason ends the connection, as Azure does. */
export interface MqttService {
  /** Whether a client with CleanSession 0 finds its subscriptions again. */
  readonly keepsSessions: boolean;
  connect(session: Session): Refusal | undefined;
  connected(session: Session): void;
  disconnected(session: Session): void;
  maySubscribe(session: Session, topicFilter: string): boolean;
  /** Called before the PUBACK is sent. */
  publish(session: Session, publication: Publication): string | undefined;
}

export interface Broker {
  handle(socket: TLSSocket): void;
  close(): Promise<void>;
}

// Azure's longest device id.
const LONGEST_CLIENT_ID = 128;

/** An MQTT 3.1.1 broker that forwards nothing from client to client: each speaks with the service alone. */
export async function createBroker(service: MqttService, log: Logger): Promise<Broker> {
  const peers = new WeakMap<object, PeerChain>();
  const sessions = new WeakMap<Client, OpenSession>();
  const broker = await Aedes.createBroker({
    maxClientsIdLength: LONGEST_CLIENT_ID,
    preConnect(_client, packet, callback) {
      if (!service.keepsSessions) packet.clean = true;
      callback(null, true);
    },
    authenticate: authentication(service, peers, sessions, log),
    authorizePublish: publication(service, sessions, log),
    authorizeSubscribe(client, subscription, done) {
      const session = sessions.get(client);
      const allowed = session !== undefined && service.maySubscribe(session, subscription.topic);
      if (allowed) session.filters.add(subscription.topic);
      done(null, allowed ? subscription : null);
    },
  });
  followConnections(broker, service, sessions, log);
  return {
    handle(socket) {
      const peer = readPeerChain(socket);
      if (peer) peers.set(socket, peer);
      broker.handle(socket);
    },
    close: () => new Promise((resolve) => broker.close(() => resolve())),
  };
}

interface OpenSession extends Session {
  readonly filters: Set<string>;
}

type Sessions = WeakMap<Client, OpenSession>;

function authentication(
  service: MqttService,
  peers: WeakMap<object, PeerChain>,
  sessions: Sessions,
  log: Logger,
): NonNullable<AedesOptions["authenticate"]> {
  return (client, userName, _password, done) => {
    const peer = peers.get(client.conn);
    const session = peer && openSession(client, userName ?? "", peer);
    const refusal: Refusal | undefined = session
      ? service.connect(session)
      : { returnCode: 5, reason: "no client certificate was presented" };
    if (session && !refusal) {
      sessions.set(client, session);
      return done(null, true);
    }
    log.info({ client: client.id, ...refusal }, "connection refused");
    const error = new Error(refusal?.reason);
    done(Object.assign(error, { returnCode: refusal?.returnCode ?? 5 }), false);
  };
}

function publication(
  service: MqttService,
  sessions: Sessions,
  log: Logger,
): NonNullable<AedesOptions["authorizePublish"]> {
  return (client, packet, done) => {
    const session = client && sessions.get(client);
    if (!session) return done(new Error("not connected"));
    if (packet.qos === 2) return done(new Error("QoS 2 is not supported"));
    const { topic, retain } = packet;
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    // A will is stored as it came in the CONNECT packet: without a command of its own.
    const isWill = (packet.cmd as string | undefined) === undefined;
    const reason = service.publish(session, { topic, payload, retain, isWill });
    // Azure keeps no retained messages, and aedes would hand them to the next subscriber.
    packet.retain = false;
    if (!reason) return done(null);
    log.info({ client: session.clientId, topic, reason }, "publication refused, connection ended");
    done(new Error(reason));
  };
}

function followConnections(broker: Aedes, service: MqttService, sessions: Sessions, log: Logger): void {
  broker.on("clientReady", (client) => {
    const session = sessions.get(client);
    if (session && !client.closed) service.connected(session);
  });
  broker.on("clientDisconnect", (client) => {
    const session = sessions.get(client);
    if (session) service.disconnected(session);
  });
  broker.on("unsubscribe", (filters, client) => {
    for (const filter of filters) sessions.get(client)?.filters.delete(filter);
  });
  broker.on("clientError", (client, { message }) =>
    log.debug({ client: client.id, reason: message }, "connection ended"),
  );
  broker.on("connectionError", (_client, { message }) =>
    log.debug({ reason: message }, "connection refused"),
  );
}

function openSession(client: Client, userName: string, peer: PeerChain): OpenSession {
  const filters = new Set<string>();
  return {
    clientId: client.id,
    userName,
    peer,
    filters,
    isSubscribed: (topicFilter) => filters.has(topicFilter),
    deliver(topic, payload) {
      if (client.closed) return;
      const ignore = () => undefined;
      client.publish({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false }, ignore);
    },
    close: () => client.close(),
  };
}
