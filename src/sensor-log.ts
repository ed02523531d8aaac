import type { Logger } from "./log.ts";
import type { SensorParts } from "./sensor/open.ts";

/** What the sensor tells by itself, for the log. */
export function createSensorLog(log: Logger): Pick<SensorParts, "onFound"> {
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
  };
}
