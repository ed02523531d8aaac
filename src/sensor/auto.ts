import { isAborted } from "../errors.ts";
import type { StateFile } from "../lib/state-file.ts";
import type { Sensor } from "./sensor.ts";

/** The sensor that has answered here. */
export interface KeptSensor {
  serial: string;
}

export interface AutoParts {
  /** Outlives a restart: a gateway whose sensor died in the night must not wake up with a healthy, simulated one. */
  answered: StateFile<KeptSensor>;
  /** Called once if nothing real answers; from then on every value is simulated. */
  onSimulated: (error: unknown) => void;
}

/**
 * The real sensor if it answers the first read, else the simulated one. The choice is made once; a sensor that has ever
 * answered, in this run or an earlier one, is never replaced by simulation.
 */
export function createAutoSensor(
  real: Sensor,
  simulated: Sensor,
  { answered, onSimulated }: AutoParts,
): Sensor {
  let chosen: Sensor | undefined;

  async function choose(signal: AbortSignal) {
    if (await answered.read()) chosen = real;
    try {
      const reading = await real.read(signal);
      chosen = real;
      const { serial } = real.describe();
      if (serial !== undefined) await answered.write({ serial });
      return reading;
    } catch (error) {
      if (chosen || isAborted(error)) throw error;
      chosen = simulated;
      await real.close();
      onSimulated(error);
      return simulated.read(signal);
    }
  }

  return {
    read: (signal) => chosen?.read(signal) ?? choose(signal),
    describe: () => (chosen ?? real).describe(),
    async close() {
      await real.close();
      await simulated.close();
    },
  };
}

export function parseKeptSensor(content: unknown): KeptSensor | undefined {
  if (typeof content !== "object" || content === null || !("serial" in content)) return undefined;
  return typeof content.serial === "string" ? { serial: content.serial } : undefined;
}
