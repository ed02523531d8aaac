import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type PeerChain, readPeerChain } from "../certificates/peer.ts";

/** One device's connection as the broker sees it: its bytes may be held back, late, or cut off. */
export interface Line {
  /** What the broker reads and writes. */
  readonly stream: Duplex;
  /** Undefined when the client presented no certificate. */
  readonly peer: PeerChain | undefined;
  /** No byte goes through in either direction, not even the end of the connection, until `release`. */
  hold(): void;
  release(): void;
  /** Ends the connection with a TCP reset. */
  reset(): void;
}

/**
 * @param socket the client's TLS connection, and `tcp` below it
 * @param latency how late a byte leaves, milliseconds; asked for every write
 * @param closed called once, when the TCP connection is gone
 */
export function createLine(socket: TLSSocket, tcp: Socket, latency: () => number, closed: () => void): Line {
  const sender = createSender(socket, latency);
  let held = false;
  const stream = new Duplex({
    read: () => {
      if (!held) socket.resume();
    },
    write: (chunk: Buffer, _encoding, done) => sender.send(chunk, done),
    writev: (chunks, done) => sender.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    destroy(error, done) {
      sender.afterAll(() => socket.destroy());
      done(error);
    },
  });
  receive(socket, stream);
  socket.on("close", () => {
    sender.stop();
    stream.destroy();
    closed();
  });
  return {
    stream,
    peer: readPeerChain(socket),
    hold() {
      held = true;
      sender.hold(true);
      socket.pause();
    },
    release() {
      held = false;
      sender.hold(false);
      socket.resume();
    },
    reset: () => tcp.resetAndDestroy(),
  };
}

function receive(socket: TLSSocket, stream: Duplex): void {
  // Until the broker has its own listener, and after it has let go.
  stream.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on("end", () => stream.push(null));
  socket.on("error", (error) => stream.destroy(error));
}

type Done = (error?: Error | null) => void;

/** Sends in order, each write as late as it was told; one timer however many wait. */
function createSender(socket: TLSSocket, latency: () => number) {
  const waiting: { at: number; leave(): void }[] = [];
  let held = false;
  let timer: NodeJS.Timeout | undefined;
  const pump = () => {
    timer = undefined;
    while (!held && waiting[0] && waiting[0].at <= performance.now()) waiting.shift()?.leave();
    const [next] = waiting;
    if (next && !held) timer = setTimeout(pump, Math.max(1, next.at - performance.now()));
  };
  const enqueue = (at: number, leave: () => void) => {
    waiting.push({ at, leave });
    if (!timer) pump();
  };
  return {
    send(bytes: Buffer, done: Done) {
      const late = latency();
      if (!held && late === 0 && waiting.length === 0) {
        socket.write(bytes, done);
        return;
      }
      enqueue(performance.now() + late, () => socket.write(bytes));
      // Late, not slow: what comes next need not wait for this to have left.
      done();
    },
    /** Runs `leave` when everything before it has left. */
    afterAll(leave: () => void) {
      if (!held && waiting.length === 0) leave();
      else enqueue(0, leave);
    },
    hold(on: boolean) {
      held = on;
      if (!timer) pump();
    },
    stop() {
      clearTimeout(timer);
      waiting.length = 0;
    },
  };
}
