import type { Lines } from "../mqtt/lines.ts";
import { createDpsFaults, type DpsFaultSwitches, type DpsFaults } from "./dps.ts";
import { createHubFaults, type HubFaultSwitches, type HubFaults } from "./hub.ts";
import { createTlsFaults, type TlsFaultSwitches, type TlsFaults } from "./tls.ts";

/** Switches that make the local cloud misbehave, one member a service; a test turns them, nothing else does. */
export interface Faults {
  readonly dps: DpsFaults;
  /** Of the first hub. */
  readonly hub: HubFaults;
  readonly hubs: Readonly<Record<string, HubFaults>>;
  readonly tls: TlsFaults;
  /** The switches that are on, by service; those of a hub by its name. */
  active(): Record<string, object>;
  /** Back to good behaviour, all of it; what was held goes on. */
  clear(): void;
}

export interface FaultSwitches {
  readonly faults: Faults;
  readonly dps: DpsFaultSwitches;
  hub(name: string): HubFaultSwitches;
  readonly tls: TlsFaultSwitches;
}

/** @param hubLines by name of the hub; the first is the first hub's. */
export function createFaults(dpsLines: Lines, hubLines: ReadonlyMap<string, Lines>): FaultSwitches {
  const dps = createDpsFaults(dpsLines);
  const hubs = new Map([...hubLines].map(([name, lines]) => [name, createHubFaults(lines)]));
  const tls = createTlsFaults(["dps", ...hubs.keys()]);
  const hub = (name: string) => {
    const switches = hubs.get(name);
    if (!switches) throw new Error(`there is no hub ${name}`);
    return switches;
  };
  const [first = ""] = hubs.keys();
  const rooms: [string, { active(): object; clear(): void }][] = [["dps", dps], ["tls", tls], ...hubs];
  const faults: Faults = {
    dps: dps.faults,
    hub: hub(first).faults,
    hubs: Object.fromEntries([...hubs].map(([name, switches]) => [name, switches.faults])),
    tls: tls.faults,
    active: () => Object.fromEntries(rooms.map(([name, room]) => [name, room.active()])),
    clear() {
      for (const [, room] of rooms) room.clear();
    },
  };
  return { faults, dps, hub, tls };
}
