import type { AgentError } from "../../errors.ts";
import { createTurn } from "../../lib/turn.ts";
import type { Reading, Sensor } from "../sensor.ts";
import { COMMANDS } from "./commands.ts";
import { humidityOf, temperatureOf } from "./convert.ts";
import { countFault, noFaults } from "./faults.ts";
import { createHeater, type HeaterUse } from "./heater.ts";
import { climb, type Step } from "./recovery.ts";
import { createSession, type SessionOptions } from "./session.ts";
import { heaterStays, resets, saysSerial, serialOf } from "./start.ts";

export interface Sht31Options extends SessionOptions {
  /** Added to each humidity, %RH: what a comparison with a better hygrometer has shown. */
  humidityOffset: number;
  heater: HeaterUse;
}

/**
 * An SHT31 in single-shot mode, high repeatability, without clock stretching. A value leaves it only if the CRCs of both
 * words fit, they are not its serial number, and the status that is read after them shows neither a heater that is on nor
 * a reset since the start; of a sensor that cools it cannot show a reset, and its values are marked.
 */
export function createSht31Sensor({ humidityOffset, heater: use, ...options }: Sht31Options): Sensor {
  const { clock } = options;
  const turn = createTurn();
  const faults = noFaults();
  // If it cannot be switched off, the next read starts the chip anew, and with that its heater is off.
  const switchHeater = (on: boolean, signal: AbortSignal) =>
    turn(() => (on ? session.heaterOn(signal) : session.heaterOff(signal)));
  const heater = createHeater(use, switchHeater, clock);
  const session = createSession(options, heater);

  async function measure(step: Step, signal: AbortSignal): Promise<Reading> {
    const chip = await session.prepare(step, signal);
    const words = await chip.ask(COMMANDS.measure, signal);
    if (serialOf(words) === session.describe().serial) throw saysSerial(chip.address);
    const [first = 0, second = 0] = words;
    const { heaterOn, resetDetected } = await chip.status(signal);
    const isHot = heaterOn && !heater.isOn();
    const isReset = resetDetected && !session.isMarked();
    if (isReset || isHot) session.doubt();
    if (isReset) throw resets(chip.address);
    if (isHot) throw heaterStays(chip.address);
    heater.measured(humidityOf(second));
    return {
      temperature: temperatureOf(first),
      humidity: Math.min(100, Math.max(0, humidityOf(second) + humidityOffset)),
      source: "sht31",
      ...(heater.isHeated() && { heated: true }),
    };
  }

  async function read(signal: AbortSignal): Promise<Reading> {
    const onFault = (error: AgentError) => countFault(faults, error);
    try {
      return await climb((step) => measure(step, signal), onFault, clock, signal);
    } catch (error) {
      // The next read begins with nothing taken for granted.
      if (!signal.aborted) await session.letGo();
      throw error;
    }
  }

  /** A chip that is still warm is left as after a reset: its heater off, which nobody does later, and marked. */
  async function leave(): Promise<void> {
    if (heater.isHeated()) await session.reset();
    await session.letGo();
  }

  return {
    read: (signal) => turn(() => read(signal)),
    describe: () => ({ source: "sht31", ...session.describe(), faults: { ...faults } }),
    async close() {
      await heater.close();
      await turn(leave);
    },
  };
}
