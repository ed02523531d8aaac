import type { FanState } from "../fan/fan.ts";
import { type Air, isValidAir } from "./air.ts";
import type { Settings } from "./settings.ts";

/** What deserves attention, as data. Sent as application properties with every sample. */
export interface Alerts {
  /** The fan does not obey, or the air does not answer to it. */
  fan: boolean;
  /** Temperature is outside `targetTemperature ± temperatureBand`. */
  temperature: boolean;
  /** Humidity is outside `targetHumidity ± humidityBand`. */
  humidity: boolean;
}

/** The edges of the band are inside. Without a valid reading nothing is known of the air, so neither alert is set. */
export function assess(reading: Air | undefined, settings: Settings, fanState: FanState): Alerts {
  const fan = fanState === "failed";
  if (!isValidAir(reading)) return { fan, temperature: false, humidity: false };
  return {
    fan,
    temperature: isOutside(reading.temperature, settings.targetTemperature, settings.temperatureBand),
    humidity: isOutside(reading.humidity, settings.targetHumidity, settings.humidityBand),
  };
}

function isOutside(value: number, target: number, band: number): boolean {
  return value > target + band || value < target - band;
}
