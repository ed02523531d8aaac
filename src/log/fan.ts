import { causeOf } from "../errors.ts";
import type { FanParts } from "../fan/open.ts";
import type { Logger } from "../log.ts";

/** What the fan tells by itself, for the log; `onChange` follows each. */
export function createFanLog(
  log: Logger,
  sensorSource: string,
  onChange: () => void,
): Pick<FanParts, "onTaken" | "onFault" | "onRecovered"> {
  return {
    onTaken({ driver, detail }) {
      // Somebody may have meant it for a trial, and forgotten it.
      const isOdd = driver === "simulated" && sensorSource !== "simulated";
      log[isOdd ? "warn" : "info"](
        { event: "fan-driver", driver, cause: detail },
        isOdd ? `the fan is simulated beside a real sensor: ${detail}` : `fan driver ${driver}: ${detail}`,
      );
      onChange();
    },
    onFault(error) {
      log.error({ event: "fan-fault", ...causeOf(error) }, "the fan has failed");
      onChange();
    },
    onRecovered() {
      log.info({ event: "fan-recovered" }, "the fan does what it was told again");
      onChange();
    },
  };
}
