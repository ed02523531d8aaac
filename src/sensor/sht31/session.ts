import type { Clock } from "../../lib/clock.ts";
import type { I2cBus } from "../i2c-bus.ts";
import { asAddress } from "../i2c-faults.ts";
import type { SensorDescription } from "../sensor.ts";
import type { Chip } from "./chip.ts";
import { COMMANDS, type Command } from "./commands.ts";
import type { Before, Heater } from "./heater.ts";
import { climb, type Step } from "./recovery.ts";
import { findChip, RESET_AND_HEATER_OFF, startChip } from "./start.ts";

/** A sensor that was started. */
export interface FoundSensor {
  /** Eight hexadecimal digits. */
  serial: string;
  /** "0x44 on /dev/i2c-1" */
  place: string;
  /** The serial number of the one that was there before, in this run. */
  before?: string;
}

export interface SessionOptions {
  bus: I2cBus;
  /** The bus's number. */
  number: number;
  /** Where to look for the chip, in this order, until one was started: from then on it is looked for there only. */
  addresses: readonly number[];
  clock: Clock;
  /** Called with each serial number that was not the last one. */
  onFound?: ((found: FoundSensor) => void) | undefined;
}

/** What is known of the chip, from one read to the next. */
export interface Session {
  /** The chip, found and started; `step` says what of that is done anew. */
  prepare(step: Step, signal: AbortSignal): Promise<Chip>;
  /** The chip is not in the state that its start left it in: the next `prepare` starts it anew. */
  doubt(): void;
  /** Whether the chip keeps the mark of a reset: bit 4 of its status then says nothing of its supply. */
  isMarked(): boolean;
  /** Switches the heater between two reads. Rejects if no chip is started; if it fails, the chip is doubted. */
  heaterOn(signal: AbortSignal): Promise<void>;
  /** The same, by a reset: there is no moment in which neither heater nor mark tells of the warmth. */
  heaterOff(signal: AbortSignal): Promise<void>;
  /**
   * `heaterOff` for the chip that was started last, also one that is doubted or forgotten. Tries for half a second; never
   * rejects.
   */
  reset(): Promise<void>;
  /** Forgets the chip and lets go of the bus. */
  letGo(): Promise<void>;
  describe(): Pick<SensorDescription, "address" | "serial">;
}

/** Four tries on a bus that answers. At the agent's stop courier, session and outbox wait for it. Milliseconds. */
const RESET_WITHIN = 500;

export function createSession(
  options: SessionOptions,
  heater: Pick<Heater, "found" | "started" | "isToldOn">,
): Session {
  const { bus, number, clock } = options;
  // Another chip at the other address may be in other air: a fault of this one must not hand the fan over to it.
  let { addresses } = options;
  let chip: Chip | undefined;
  let isStarted = false;
  let startedLast: Chip | undefined;
  let isMarked = false;
  let serial: string | undefined;

  function know(found: string, address: number): void {
    const before = serial;
    serial = found;
    if (found === before) return;
    const place = `${asAddress(address)} on ${bus.file}`;
    options.onFound?.({ serial: found, place, ...(before !== undefined && { before }) });
  }

  function see(before: Before): boolean {
    heater.found(before);
    isMarked = heater.isToldOn();
    return isMarked;
  }

  async function tell(commands: readonly Command[], signal: AbortSignal): Promise<void> {
    if (!chip || !isStarted) throw new Error("the sensor is not there");
    isStarted = false;
    for (const command of commands) await chip.tell(command, signal);
    isStarted = true;
  }

  async function letGo(): Promise<void> {
    chip = undefined;
    isStarted = false;
    await bus.close();
  }

  return {
    async prepare(step, signal) {
      if (step === "reopen") await letGo();
      if (step === "restart") isStarted = false;
      chip ??= await findChip(bus, number, addresses, clock, signal);
      if (!isStarted) {
        const found = await startChip(chip, see, signal);
        addresses = [chip.address];
        isStarted = true;
        startedLast = chip;
        heater.started();
        know(found, chip.address);
      } else if (isMarked && !heater.isToldOn()) {
        await chip.tell(COMMANDS.clearStatus, signal);
        isMarked = false;
      }
      return chip;
    },
    doubt() {
      isStarted = false;
    },
    isMarked: () => isMarked,
    heaterOn: (signal) => tell([COMMANDS.heaterOn], signal),
    async heaterOff(signal) {
      await tell(RESET_AND_HEATER_OFF, signal);
      isMarked = true;
    },
    async reset() {
      isStarted = false;
      const ending = new AbortController();
      const callOff = clock.after(RESET_WITHIN, () => ending.abort());
      const reset = async () => {
        for (const command of RESET_AND_HEATER_OFF) await startedLast?.tell(command, ending.signal);
      };
      // The bus opens itself anew after each failure.
      await climb(reset, () => undefined, clock, ending.signal).catch(() => undefined);
      callOff();
    },
    letGo,
    describe() {
      const [address, ...others] = addresses;
      return {
        ...(address !== undefined && others.length === 0 && { address: asAddress(address) }),
        ...(serial !== undefined && { serial }),
      };
    },
  };
}
