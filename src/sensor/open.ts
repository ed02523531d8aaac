import type { Clock } from "../lib/clock.ts";
import type { Sensor } from "./sensor.ts";
import { createSimulatedSensor } from "./simulated.ts";

/** What the configuration says about the sensor: only the simulated one exists in this version. */
export interface SensorConfig {
  source: "simulated";
}

export interface SimulationConfig {
  /** Any integer. */
  seed: number;
  /** Seconds in the cave per second. */
  speed: number;
}

/** What a sensor needs of the rest of the agent. */
export interface SensorParts {
  clock: Clock;
  fanOn: () => boolean;
}

/** The configured sensor. Opening does no I/O; the first `read` does. */
export function openSensor(config: SensorConfig, simulation: SimulationConfig, parts: SensorParts): Sensor {
  switch (config.source) {
    case "simulated":
      return createSimulatedSensor({ ...simulation, ...parts });
  }
}
