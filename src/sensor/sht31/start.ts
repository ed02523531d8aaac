import { AgentError, isAgentError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { I2cBus } from "../i2c-bus.ts";
import { asAddress, notAcknowledged } from "../i2c-faults.ts";
import { type Chip, createChip } from "./chip.ts";
import { COMMANDS } from "./commands.ts";
import type { Before } from "./heater.ts";

/** The addresses that an SHT3x can have: pin ADDR low, or high (SHT3x-DIS datasheet v5, table 7). */
export const ADDRESSES = [0x44, 0x45] as const;

/** Somebody else's conversion is over by then. */
const SECOND_LOOK = 20;

/** Nobody there, another chip, a driver of the kernel on it: each says nothing about the other address. */
const OF_ONE_ADDRESS = new Set(["SENSOR_NO_ANSWER", "SENSOR_CRC", "I2C_BUSY"]);

/**
 * The chip at the first of `addresses` that answers with a status word whose CRC fits. If none does, rejects with the
 * first refusal that says more than that nobody is there, else with `SENSOR_NO_ANSWER`.
 */
export async function findChip(
  bus: I2cBus,
  number: number,
  addresses: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Chip> {
  const refusals: AgentError[] = [];
  for (const address of addresses) {
    const chip = createChip(bus, { bus: number, address }, clock);
    try {
      await askTwice(chip, clock, signal);
      return chip;
    } catch (error) {
      if (!isOfOneAddress(error)) throw error;
      refusals.push(error);
    }
  }
  const telling = refusals.find(({ code }) => code !== "SENSOR_NO_ANSWER");
  if (telling) throw telling;
  const places = addresses.map(asAddress).join(" or ");
  throw notAcknowledged(`no SHT31 answers at ${places} on ${bus.file}`, refusals.at(-1));
}

/** A chip that converts for a program that has ended does not answer, and is not to be taken for absent. */
async function askTwice(chip: Chip, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await chip.status(signal);
  } catch (error) {
    if (!isOfOneAddress(error)) throw error;
    await clock.sleep(SECOND_LOOK, signal);
    await chip.status(signal);
  }
}

function isOfOneAddress(error: unknown): error is AgentError {
  return isAgentError(error) && OF_ONE_ADDRESS.has(error.code);
}

/** Some boards come up from a reset with their heater on (esphome/issues #1465). */
export const RESET_AND_HEATER_OFF = [COMMANDS.softReset, COMMANDS.heaterOff] as const;

/**
 * Brings a chip from whatever it was doing to a known state: idle, its heater off and seen to be off. Resolves to its
 * serial number, eight hexadecimal digits. `onSeen` is told how it was found before that is lost, also by a start that
 * fails, and says whether the chip keeps the mark of a reset: else its status is cleared, so that bit 4 tells of the next.
 */
export async function startChip(
  chip: Chip,
  onSeen: (before: Before) => boolean,
  signal: AbortSignal,
): Promise<string> {
  await chip.tell(COMMANDS.stop, signal);
  const before = await chip.status(signal);
  const keepsMark = onSeen({ wasHeated: before.heaterOn, wasReset: before.resetDetected });
  for (const command of RESET_AND_HEATER_OFF) await chip.tell(command, signal);
  if (!keepsMark) await chip.tell(COMMANDS.clearStatus, signal);
  const { heaterOn, resetDetected } = await chip.status(signal);
  if (heaterOn) throw heaterStays(chip.address);
  if (resetDetected && !keepsMark) throw resets(chip.address);
  return serialOf(await chip.ask(COMMANDS.serial, signal));
}

export function serialOf(words: readonly number[]): string {
  return words.map((word) => word.toString(16).padStart(4, "0")).join("");
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

/** Two words with sound CRCs, as a measurement has. */
export function saysSerial(address: number): AgentError {
  return new AgentError(`the sensor at ${asAddress(address)} gave its serial number, not a measurement`, {
    code: "SENSOR_NO_ANSWER",
    retryable: true,
    remedy: "end other programs that use the sensor: one of them has asked it in between",
  });
}
