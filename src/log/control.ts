import type { ControlOptions } from "../control.ts";
import { causeOf } from "../errors.ts";
import type { Logger } from "../log.ts";

/** What the control loop decides, and what fails in it, for the log; a decision is told when it differs from the last. */
export function createControlLog(
  log: Logger,
): Pick<ControlOptions, "onTick" | "onSensorFault" | "onFanFault"> {
  let told = "";
  return {
    onTick({ fan, reason, held }) {
      const summary = `fan ${fan}: ${reason}${held ? ` (held: ${held.cause})` : ""}`;
      if (summary !== told) log.info({ event: "fan", fan, reason }, summary);
      told = summary;
    },
    onSensorFault(error) {
      log.warn({ event: "sensor-fault", ...causeOf(error) }, "the sensor gives no reading");
    },
    onFanFault(error) {
      log.error({ event: "fan-fault", ...causeOf(error) }, "the fan does not obey");
    },
  };
}
