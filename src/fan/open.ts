import type { Fan, SafeState } from "./fan.ts";
import { createSimulatedFan } from "./simulated.ts";

/** What the configuration says about the fan: only the simulated one exists in this version. */
export interface FanConfig {
  driver: "simulated";
  safeState: SafeState;
}

/** The configured fan. */
export function openFan(config: FanConfig): Fan {
  switch (config.driver) {
    case "simulated":
      return createSimulatedFan({ safeState: config.safeState });
  }
}
