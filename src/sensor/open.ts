import type { Clock } from "../lib/clock.ts";
import { type AutoParts, createAutoSensor } from "./auto.ts";
import { createI2cBus } from "./bounded-bus.ts";
import { openI2cAdapter } from "./i2c.ts";
import type { OpenI2cAdapter } from "./i2c-bus.ts";
import type { Sensor } from "./sensor.ts";
import type { HeaterUse } from "./sht31/heater.ts";
import { createSht31Sensor } from "./sht31/sensor.ts";
import type { FoundSensor } from "./sht31/session.ts";
import { ADDRESSES } from "./sht31/start.ts";
import { createSimulatedSensor } from "./simulated.ts";

/** What the configuration says about the sensor. */
export interface SensorConfig {
  /** `auto`: the real one if it answers at the first read, else the simulated one. */
  source: "sht31" | "auto" | "simulated";
  /** Number of the I2C bus. */
  bus: number;
  /** `auto`: each that an SHT31 can have. */
  address: "auto" | number;
  /** Added to each measured humidity, %RH. */
  humidityOffset: number;
  heater: HeaterUse;
}

export interface SimulationConfig {
  /** Any integer. */
  seed: number;
  /** Seconds in the cave per second. */
  speed: number;
}

/** What a sensor needs of the rest of the agent. */
export interface SensorParts extends AutoParts {
  clock: Clock;
  fanOn: () => boolean;
  /** The byte edge; the machine's own buses if left out. */
  openAdapter?: OpenI2cAdapter | undefined;
  /** Called when a real sensor was started, and when another one has taken its place. */
  onFound?: ((found: FoundSensor) => void) | undefined;
}

/** The configured sensor. Opening does no I/O; the first `read` does. */
export function openSensor(config: SensorConfig, simulation: SimulationConfig, parts: SensorParts): Sensor {
  const simulated = () => createSimulatedSensor({ ...simulation, ...parts });
  switch (config.source) {
    case "simulated":
      return simulated();
    case "auto":
      return createAutoSensor(openSht31(config, parts), simulated(), parts);
    case "sht31":
      return openSht31(config, parts);
  }
}

/** An SHT31 where the configuration says that it is, whatever the configured source. */
export function openSht31(
  { bus: number, humidityOffset, heater, ...config }: SensorConfig,
  { clock, openAdapter = openI2cAdapter, onFound }: Pick<SensorParts, "clock" | "openAdapter" | "onFound">,
): Sensor {
  return createSht31Sensor({
    bus: createI2cBus(number, openAdapter, clock),
    number,
    addresses: addressesOf(config.address),
    humidityOffset,
    heater,
    clock,
    onFound,
  });
}

export function addressesOf(address: SensorConfig["address"]): readonly number[] {
  return address === "auto" ? ADDRESSES : [address];
}
