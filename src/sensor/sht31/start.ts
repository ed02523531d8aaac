import { AgentError, isAgentError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { I2cBus } from "../i2c-bus.ts";
import { asAddress, notAcknowledged } from "../i2c-faults.ts";
import { type Chip, createChip } from "./chip.ts";
import { COMMANDS } from "./commands.ts";

/** The addresses that an SHT3x can have: pin ADDR low, or high (SHT3x-DIS datasheet v5, table 7). */
export const ADDRESSES = [0x44, 0x45] as const;

/** Somebody else's conversion is over by then. */
const SECOND_LOOK = 20;

/**
 * The chip that answers at the first of `addresses` with a status word whose CRC fits. Asks twice, because a chip that
 * is converting for a program that has ended does not answer. Rejects with `SENSOR_NO_ANSWER` if none does.
 */
export async function findChip(
  bus: I2cBus,
  number: number,
  addresses: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Chip> {
  let refusal: unknown;
  for (const look of [1, 2]) {
    if (look === 2) await clock.sleep(SECOND_LOOK, signal);
    for (const address of addresses) {
      const chip = createChip(bus, { bus: number, address }, clock);
      try {
        await chip.status(signal);
        return chip;
      } catch (error) {
        // Whatever else is wrong is wrong at the other address too.
        if (!isAgentError(error) || error.code !== "SENSOR_NO_ANSWER") throw error;
        refusal = error;
      }
    }
  }
  const places = addresses.map(asAddress).join(" or ");
  throw notAcknowledged(`no SHT31 answers at ${places} on ${bus.file}`, refusal);
}

/** What was found at a start. */
export interface Started {
  /** Eight hexadecimal digits. */
  serial: string;
  /** The heater was on, so that the next readings are those of a warm sensor. */
  wasHeated: boolean;
}

/**
 * Brings a chip from whatever it was doing to a known state: idle, its heater off and seen to be off (some boards come
 * up with it on, esphome/issues #1465), its status cleared, so that bit 4 tells of the next reset.
 */
export async function startChip(chip: Chip, signal: AbortSignal): Promise<Started> {
  await chip.tell(COMMANDS.stop, signal);
  const before = await chip.status(signal);
  for (const command of [COMMANDS.softReset, COMMANDS.heaterOff, COMMANDS.clearStatus]) {
    await chip.tell(command, signal);
  }
  const { heaterOn, resetDetected } = await chip.status(signal);
  if (heaterOn) throw heaterStays(chip.address);
  if (resetDetected) throw resets(chip.address);
  const words = await chip.ask(COMMANDS.serial, signal);
  const serial = words.map((word) => word.toString(16).padStart(4, "0")).join("");
  return { serial, wasHeated: before.heaterOn };
}

export function heaterStays(address: number): AgentError {
  return new AgentError(`the sensor at ${asAddress(address)} has its heater on`, {
    code: "SENSOR_HEATER",
    retryable: true,
    remedy:
      "end other programs that use the sensor; switch its supply off and on; exchange it if that does not help",
  });
}

export function resets(address: number): AgentError {
  return new AgentError(`the sensor at ${asAddress(address)} has lost its supply for a moment`, {
    code: "SENSOR_RESET",
    retryable: true,
    remedy: "check the sensor's supply (2.4 to 5.5 V at the sensor) and its plug",
  });
}
