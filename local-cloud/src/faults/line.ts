import type { Lines } from "../mqtt/lines.ts";

/** What the network does to the connections of one listener. */
export interface LineFaults {
  /** Resets every TCP connection, now. */
  drop(): void;
  /** No byte of these and of new connections is read or written while it is on, keep-alives included. */
  blackhole(on?: boolean): void;
  /** The same for the connections that are open now, and until `clear`; new ones are well. */
  halfOpen(): void;
  /** Every answer leaves so much later, milliseconds; 0 ends it. */
  stall(milliseconds: number): void;
}

/** What GET /local-cloud/faults shows of them. */
export interface ActiveLineFaults {
  blackhole?: true | undefined;
  halfOpen?: true | undefined;
  stall?: number | undefined;
}

export function createLineFaults(lines: Lines) {
  let active: ActiveLineFaults = {};
  const faults: LineFaults = {
    drop: lines.drop,
    blackhole(on = true) {
      // The way back is the same for both: nothing is held any more.
      active = { ...active, blackhole: on || undefined, halfOpen: undefined };
      lines.blackhole(on);
    },
    halfOpen() {
      active = { ...active, halfOpen: true };
      lines.freeze();
    },
    stall(milliseconds) {
      active = { ...active, stall: milliseconds || undefined };
      lines.setLatency(milliseconds);
    },
  };
  const clear = () => {
    active = {};
    lines.clear();
  };
  return { faults, active: () => active, clear };
}
