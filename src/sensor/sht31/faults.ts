import type { AgentError } from "../../errors.ts";
import type { SensorFaults } from "../sensor.ts";

export function noFaults(): SensorFaults {
  return { nack: 0, crc: 0, timeout: 0, reset: 0, bus: 0 };
}

const KINDS = new Map<string, keyof SensorFaults>([
  ["SENSOR_NO_ANSWER", "nack"],
  ["SENSOR_CRC", "crc"],
  ["I2C_TIMEOUT", "timeout"],
  ["SENSOR_RESET", "reset"],
  ["SENSOR_HEATER", "reset"],
]);

/** Adds one failed try to the counts. */
export function countFault(faults: SensorFaults, { code }: AgentError): void {
  faults[KINDS.get(code) ?? "bus"] += 1;
}
