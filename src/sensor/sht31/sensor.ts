import type { AgentError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { createTurn } from "../../lib/turn.ts";
import type { I2cBus } from "../i2c-bus.ts";
import { asAddress } from "../i2c-faults.ts";
import type { Reading, Sensor, SensorDescription } from "../sensor.ts";
import type { Chip } from "./chip.ts";
import { COMMANDS } from "./commands.ts";
import { humidityOf, temperatureOf } from "./convert.ts";
import { countFault, noFaults } from "./faults.ts";
import { createHeater } from "./heater.ts";
import { climb, type Step } from "./recovery.ts";
import { findChip, heaterStays, resets, startChip } from "./start.ts";

export interface Sht31Options {
  bus: I2cBus;
  /** The bus's number. */
  number: number;
  /** Where to look for the chip, in this order, until one was started: from then on it is looked for there only. */
  addresses: readonly number[];
  /** Added to each humidity, %RH: what a comparison with a better hygrometer has shown. */
  humidityOffset: number;
  /** Whether a sensor that has been wet for an hour is given a pulse of heat. */
  heaterPulses: boolean;
  clock: Clock;
  /** Called with each serial number that was not the last one. */
  onFound?: ((found: FoundSensor) => void) | undefined;
}

/** A sensor that was started. */
export interface FoundSensor {
  /** Eight hexadecimal digits. */
  serial: string;
  /** "0x44 on /dev/i2c-1" */
  place: string;
  /** The serial number of the one that was there before, in this run. */
  before?: string;
}

/** Switching the heater off must not wait for the signal of a read that has ended. */
const NEVER = new AbortController().signal;

/**
 * An SHT31 in single-shot mode, high repeatability, without clock stretching. A value leaves it only if the CRCs of both
 * words fit, and the status that is read after them shows neither a heater that is on nor a reset since the start.
 */
export function createSht31Sensor(options: Sht31Options): Sensor {
  const { bus, number, clock } = options;
  const turn = createTurn();
  const faults = noFaults();
  // Another chip at the other address may be in other air: a fault of this one must not hand the fan over to it.
  let { addresses } = options;
  let chip: Chip | undefined;
  let isStarted = false;
  let serial: string | undefined;
  const heater = createHeater(options.heaterPulses, (on) => turn(() => switchHeater(on)), clock);

  async function switchHeater(on: boolean): Promise<void> {
    if (!chip || !isStarted) throw new Error("the sensor is not there");
    // Should it fail, the next read starts the chip anew, and with that its heater is off.
    isStarted = false;
    await chip.tell(on ? COMMANDS.heaterOn : COMMANDS.heaterOff, NEVER);
    isStarted = true;
  }

  async function prepare(step: Step, signal: AbortSignal): Promise<Chip> {
    if (step === "reopen") await letGo();
    if (step === "restart") isStarted = false;
    chip ??= await findChip(bus, number, addresses, clock, signal);
    if (!isStarted) {
      const found = await startChip(chip, signal);
      heater.started(found);
      addresses = [chip.address];
      isStarted = true;
      know(found.serial, chip.address);
    }
    return chip;
  }

  function know(found: string, address: number): void {
    const before = serial;
    serial = found;
    if (found === before) return;
    const place = `${asAddress(address)} on ${bus.file}`;
    options.onFound?.({ serial: found, place, ...(before !== undefined && { before }) });
  }

  function describe(): SensorDescription {
    const [address, ...others] = addresses;
    return {
      source: "sht31",
      ...(address !== undefined && others.length === 0 && { address: asAddress(address) }),
      ...(serial !== undefined && { serial }),
      faults: { ...faults },
    };
  }

  async function measure(step: Step, signal: AbortSignal): Promise<Reading> {
    const ready = await prepare(step, signal);
    const [first = 0, second = 0] = await ready.ask(COMMANDS.measure, signal);
    const { heaterOn, resetDetected } = await ready.status(signal);
    isStarted = !resetDetected && (!heaterOn || heater.isOn());
    if (resetDetected) throw resets(ready.address);
    if (!isStarted) throw heaterStays(ready.address);
    heater.measured(humidityOf(second));
    const humidity = humidityOf(second) + options.humidityOffset;
    return {
      temperature: temperatureOf(first),
      humidity: Math.min(100, Math.max(0, humidity)),
      source: "sht31",
      ...(heater.isHeated() && { heated: true }),
    };
  }

  async function letGo(): Promise<void> {
    chip = undefined;
    isStarted = false;
    await bus.close();
  }

  /** A chip that is still warm is left as after a reset, which the next start sees, be it of another process. */
  async function leaveMark(): Promise<void> {
    if (!chip || !isStarted || !heater.isHeated()) return;
    await chip.tell(COMMANDS.softReset, NEVER).catch(() => undefined);
  }

  async function read(signal: AbortSignal): Promise<Reading> {
    const onFault = (error: AgentError) => countFault(faults, error);
    try {
      return await climb((step) => measure(step, signal), onFault, clock, signal);
    } catch (error) {
      // The next read begins with nothing taken for granted.
      if (!signal.aborted) await letGo();
      throw error;
    }
  }

  return {
    read: (signal) => turn(() => read(signal)),
    describe,
    async close() {
      await heater.close();
      await turn(() => leaveMark().then(letGo));
    },
  };
}
