import { causeOf, messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { SensorParts } from "../sensor/open.ts";

/** What the sensor tells by itself, for the log. */
export function createSensorLog(log: Logger): Pick<SensorParts, "onFound" | "onSimulated"> {
  return {
    onFound({ serial, place, before }) {
      if (before === undefined) {
        log.info({ event: "sensor-found", serial, place }, `the SHT31 ${serial} answers at ${place}`);
        return;
      }
      log.warn(
        { event: "sensor-replaced", serial, before, place },
        `another SHT31 answers at ${place}: ${serial}, which was ${before}`,
      );
    },
    onSimulated(error) {
      log.warn(
        { event: "sensor-simulated", ...causeOf(error) },
        `no sensor answers: every value is SIMULATED (sensor.source is "auto"): ${messageOf(error)}`,
      );
    },
  };
}
