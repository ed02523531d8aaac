import { connect, type TLSSocket } from "node:tls";
import type { LocalCloud } from "#cloud/index.js";
import { defer, type Scope } from "../support/cleanup.ts";
import { hubOf, type Pair, trustedCa, until } from "./support.ts";

/** The first byte's upper half, MQTT 3.1.1, 2.2.1. */
export const PACKET = { connack: 2, publish: 3, puback: 4, suback: 9, pingresp: 13 };

export interface Packet {
  type: number;
  body: Buffer;
}

/** MQTT 3.1.1 by the byte over TLS: what no client library does, a test can do here. */
export interface RawDevice {
  /** All that arrived, in order. */
  readonly packets: Packet[];
  readonly socket: TLSSocket;
  /** How it ended: `end`, or the code of the error, such as `ECONNRESET`. */
  ended(): Promise<string>;
  send(packet: Buffer): void;
  /** QoS 1. */
  publish(packetId: number, topic: string, payload: string): void;
  subscribe(packetId: number, topic: string): void;
  ping(): void;
  of(type: number): Packet[];
  /** Waits for the n-th packet of that type. */
  arrived(type: number, count?: number): Promise<Packet>;
}

export interface RawDeviceOptions {
  deviceId: string;
  pair: Pair;
  hostName?: string;
  userName?: string;
  /** Seconds. */
  keepAlive?: number;
}

/** Connects over TLS and sends CONNECT; whether it is let in is in `packets`. */
export async function openRawDevice(
  t: Scope,
  cloud: LocalCloud,
  options: RawDeviceOptions,
): Promise<RawDevice> {
  const { deviceId, pair, keepAlive = 60 } = options;
  const hostName = options.hostName ?? hubOf(cloud).hostName;
  const userName = options.userName ?? `${hostName}/${deviceId}/?api-version=2021-04-12`;
  const port = Number(hostName.split(":")[1]);
  const credentials = { cert: pair.certificatePem, key: pair.keyPem, ca: trustedCa(cloud) };
  const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ...credentials });
  defer(t, () => socket.destroy());
  const packets: Packet[] = [];
  let outcome: string | undefined;
  socket.on("error", (error) => {
    outcome ??= "code" in error ? String(error.code) : error.message;
  });
  socket.on("close", () => {
    outcome ??= "end";
  });
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = takePackets(Buffer.concat([rest, chunk]), packets);
  });
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([uint16(bytes.length), bytes]);
  };
  const send = (packet: Buffer) => void socket.write(packet);
  const of = (type: number) => packets.filter((packet) => packet.type === type);
  send(frame(0x10, text("MQTT"), Buffer.from([4, 0x82]), uint16(keepAlive), text(deviceId), text(userName)));
  return {
    packets,
    socket,
    ended: () => until(`the connection of ${deviceId} to end`, () => outcome, { seconds: 60 }),
    send,
    of,
    publish: (packetId, topic, payload) =>
      send(frame(0x32, text(topic), uint16(packetId), Buffer.from(payload))),
    subscribe: (packetId, topic) => send(frame(0x82, uint16(packetId), text(topic), Buffer.from([0]))),
    ping: () => send(frame(0xc0)),
    arrived: (type, count = 1) =>
      until(`packet ${count} of type ${type}`, () => of(type)[count - 1], { seconds: 60 }),
  };
}

/** The same, let in by the hub. */
export async function joinRaw(t: Scope, cloud: LocalCloud, options: RawDeviceOptions): Promise<RawDevice> {
  const device = await openRawDevice(t, cloud, options);
  const connack = await device.arrived(PACKET.connack);
  if (connack.body[1] !== 0) throw new Error(`CONNACK ${connack.body[1]}`);
  return device;
}

function frame(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** Moves whole packets from `bytes` to `packets` and gives back what is left. */
function takePackets(bytes: Buffer, packets: Packet[]): Buffer {
  let rest = bytes;
  for (;;) {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7, at += 1) {
      const byte = rest[at];
      if (byte === undefined) return rest;
      length |= (byte & 0x7f) << shift;
      if (byte < 128) break;
    }
    const end = at + 1 + length;
    if (rest.length < end) return rest;
    packets.push({ type: (rest[0] ?? 0) >> 4, body: rest.subarray(at + 1, end) });
    rest = rest.subarray(end);
  }
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
