import type { Config } from "../config.ts";
import type { Whereabouts } from "../health/ask-agent.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import type { SensorConfig } from "../sensor/open.ts";
import { type ConfigPlace, loadSections } from "./usable-part.ts";

/** Which sensor is meant. */
export interface ReadChoiceOptions extends ConfigPlace {
  /** Take the place of what the configuration says; whoever gives one wants the real sensor. */
  bus: number | undefined;
  address: SensorConfig["address"] | undefined;
}

/** What is read, and whom it may already be read by. */
export interface ReadChoice {
  config: Config;
  sensor: SensorConfig;
  /** Of an agent that may be reading the same sensor; undefined: none can. */
  agent: Whereabouts | undefined;
  /** Whether a person has said where the real sensor is: a simulated reading is then no answer. */
  isNamed: boolean;
  /** The one address that a person has named. */
  address: number | undefined;
}

const NEEDED = ["sensor", "simulation", "status", "state"];

/** Throws `CONFIG_INVALID` if what concerns the sensor cannot be used. */
export function chooseSensor(
  { bus, address, ...place }: ReadChoiceOptions,
  environment: Record<string, string | undefined>,
): ReadChoice {
  const config = loadSections(NEEDED, place, environment);
  const isNamed = bus !== undefined || address !== undefined;
  const isElsewhere = bus !== undefined && bus !== config.sensor.bus;
  const isOther = isElsewhere || isAnotherAddress(config.sensor.address, address);
  const sensor: SensorConfig = {
    ...config.sensor,
    ...(isNamed && { source: "sht31" }),
    ...(bus !== undefined && { bus }),
    ...(address !== undefined && { address }),
    // What heats the sensor is the agent's; but one that it has left warm is to be known, and left so.
    heater: config.sensor.heater === "pulse" && !isOther ? "heed" : "off",
  };
  return {
    config,
    sensor,
    agent: isElsewhere
      ? undefined
      : { socket: statusSocketOf(config), stateDirectory: config.state.directory },
    isNamed,
    address: address === "auto" ? undefined : address,
  };
}

function isAnotherAddress(configured: SensorConfig["address"], named: ReadChoiceOptions["address"]): boolean {
  return typeof configured === "number" && typeof named === "number" && named !== configured;
}
