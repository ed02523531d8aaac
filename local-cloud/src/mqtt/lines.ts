import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createLine, type Line } from "./line.ts";

/** All device connections of one listener, and what the network does to them. */
export interface Lines {
  /** Calls `accept` for a new TCP connection: at once, or when the network is back. */
  whenReachable(tcp: Socket, accept: () => void): void;
  open(socket: TLSSocket, tcp: Socket): Line;
  /** How late the bytes leave, milliseconds. */
  setLatency(milliseconds: number): void;
  /** Resets every TCP connection. */
  drop(): void;
  /** Holds every byte of these and of new connections, or lets them go on. */
  blackhole(on: boolean): void;
  /** Holds every byte of the connections that are open now. */
  freeze(): void;
  /** As it was at the start: all that was held goes on. */
  clear(): void;
}

export function createLines(): Lines {
  const lines = new Map<Line, Socket>();
  const waiting = new Map<Socket, () => void>();
  let latency = 0;
  const latencyNow = () => latency;
  let reachable = true;
  const blackhole = (on: boolean) => {
    reachable = !on;
    for (const line of lines.keys()) on ? line.hold() : line.release();
    if (!on) acceptAll(waiting);
  };
  return {
    whenReachable(tcp, accept) {
      if (reachable) return accept();
      waiting.set(tcp, accept);
      tcp.on("close", () => waiting.delete(tcp));
    },
    open(socket, tcp) {
      const line: Line = createLine(socket, tcp, latencyNow, () => lines.delete(line));
      lines.set(line, tcp);
      if (!reachable) line.hold();
      return line;
    },
    setLatency(milliseconds) {
      latency = milliseconds;
    },
    drop() {
      for (const tcp of [...lines.values(), ...waiting.keys()]) tcp.resetAndDestroy();
    },
    blackhole,
    freeze() {
      for (const line of lines.keys()) line.hold();
    },
    clear() {
      latency = 0;
      blackhole(false);
    },
  };
}

function acceptAll(waiting: Map<Socket, () => void>): void {
  const accepts = [...waiting.values()];
  waiting.clear();
  for (const accept of accepts) accept();
}
