import type { Air, Sht31Faults, Transfer } from "../../support/hardware/sht31-chip.ts";
import type { Level, Pin } from "./mcp2221.ts";

/** What the tests tell the process that is the hardware. */
export type Order =
  | { do: "plugIn" }
  /** Done when the kernel has let go, and so when nobody has the bus open any more. */
  | { do: "unplug" }
  | { do: "setAir"; air: Air }
  | { do: "setChip"; faults: Partial<Sht31Faults> }
  | { do: "setBus"; isHeldLow?: boolean; isMute?: boolean }
  | { do: "brownOut" }
  | { do: "drive"; pin: number; level: Level }
  | { do: "mend" }
  | { do: "look" };

/** What it answers to each. */
export interface Report {
  /** By the clock of the hardware, milliseconds. */
  at: number;
  /** What each pin drives; `in` for an input. */
  levels: readonly (Level | "in")[];
  /** Everything that happened to the pins, oldest first. */
  changes: readonly PinChange[];
  heater: boolean;
  /** I2C addresses that were spoken to since the start. */
  addresses: readonly number[];
  /** The newest transfers that the chip saw. */
  transfers: readonly Transfer[];
}

export interface PinChange extends Pick<Pin, "direction" | "output"> {
  /** By the same clock. */
  at: number;
  pin: number;
}
