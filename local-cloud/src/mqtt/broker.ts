import { Aedes, type AedesOptions, type Client } from "aedes";
import type { PeerChain } from "../certificates/peer.ts";
import type { Logger } from "../log.ts";
import type { Line } from "./line.ts";

/** One connected client, as a service sees it. */
export interface Session {
  readonly clientId: string;
  readonly userName: string;
  readonly peer: PeerChain;
  isSubscribed(topicFilter: string): boolean;
  /** Sends to this client alone, QoS 0: nothing goes through the broker's topics. */
  deliver(topic: string, payload: string): void;
  /** Sends a PUBACK that the broker was told to withhold, or one more. */
  acknowledge(packetId: number): void;
  close(): void;
  /** Ends the TCP connection with a reset; what was not yet sent is lost. */
  reset(): void;
}

export interface Publication {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** Sent by the broker for a client that went away without saying so. */
  isWill: boolean;
  /** Of a QoS 1 publication, which the client waits to see in a PUBACK. */
  packetId: number | undefined;
  /** No PUBACK is sent when the service has taken it in. */
  withholdPuback(): void;
}

/** CONNACK return codes of MQTT 3.1.1, 3.2.2.3. */
export type Refusal = { returnCode: 1 | 2 | 3 | 4 | 5; reason: string };

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
  handle(line: Line): void;
  close(): Promise<void>;
}

// Azure's longest device id.
const LONGEST_CLIENT_ID = 128;
const CONNACK_1 = Buffer.from([0x20, 0x02, 0x00, 0x01]);

/** An MQTT 3.1.1 broker that forwards nothing from client to client: each speaks with the service alone. */
export async function createBroker(service: MqttService, log: Logger): Promise<Broker> {
  const lines = new WeakMap<object, Line>();
  const sessions = new WeakMap<Client, OpenSession>();
  const broker = await Aedes.createBroker({
    maxClientsIdLength: LONGEST_CLIENT_ID,
    preConnect(_client, packet, callback) {
      if (!service.keepsSessions) packet.clean = true;
      callback(null, true);
    },
    authenticate: authentication(service, lines, sessions, log),
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
    handle(line) {
      lines.set(line.stream, line);
      broker.handle(line.stream);
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
  lines: WeakMap<object, Line>,
  sessions: Sessions,
  log: Logger,
): NonNullable<AedesOptions["authenticate"]> {
  return (client, userName, _password, done) => {
    const line = lines.get(client.conn);
    const session = line?.peer && openSession(client, userName ?? "", line.peer, line);
    const refusal: Refusal | undefined = session
      ? service.connect(session)
      : { returnCode: 5, reason: "no client certificate was presented" };
    if (session && !refusal) {
      sessions.set(client, session);
      return done(null, true);
    }
    log.info({ client: client.id, ...refusal }, "connection refused");
    // The broker library sends 2 to 5 alone.
    if (refusal?.returnCode === 1) return void client.conn.write(CONNACK_1, () => client.close());
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
    const packetId = packet.qos === 1 ? packet.messageId : undefined;
    const withholdPuback = () => {
      // What the broker library takes for QoS 0 it does not acknowledge.
      packet.qos = 0;
    };
    const reason = service.publish(session, { topic, payload, retain, isWill, packetId, withholdPuback });
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

function openSession(client: Client, userName: string, peer: PeerChain, line: Line): OpenSession {
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
    acknowledge(packetId) {
      if (!client.closed) client.conn.write(Buffer.from([0x40, 0x02, packetId >> 8, packetId & 0xff]));
    },
    close: () => client.close(),
    reset: line.reset,
  };
}
