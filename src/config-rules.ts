import type { Config } from "./config.ts";
import { busLineProblems, fanProblems } from "./fan/config.ts";
import { durationText } from "./lib/duration.ts";

/** What is wrong between keys whose values are right by themselves, a line each, which begins with the key. */
export function contradictions(config: Config): string[] {
  return [
    ...retryProblems(config),
    ...sensorProblems(config),
    ...fanProblems(config.fan),
    ...busLineProblems(config.fan, config.sensor),
  ];
}

/** A longest wait below the one after a first failure is a slip; below half of it, it would not even hold. */
function retryProblems({ hub, provisioning }: Config): string[] {
  const floors = { "hub.retryAfter": hub.retryAfter, "provisioning.retryAfter": provisioning.retryAfter };
  return Object.entries(floors)
    .filter(([, floor]) => hub.retryAtMost < floor)
    .map(([key, floor]) => tooShort("hub.retryAtMost", hub.retryAtMost, key, floor));
}

function tooShort(key: string, value: number, than: string, floor: number, why = ""): string {
  return `${key}: must not be shorter than ${than}, which is ${durationText(floor)}${why}: value was "${durationText(value)}"`;
}

/** Longer than a pulse of the sensor's heater and the cooling after it. */
const STALE_AFTER_WITH_HEATER = 5 * 60_000;

function sensorProblems({ sensor }: Config): string[] {
  const { staleAfter, readEvery, heater } = sensor;
  if (staleAfter < readEvery) {
    const why = ", or every reading would be stale";
    return [tooShort("sensor.staleAfter", staleAfter, "sensor.readEvery", readEvery, why)];
  }
  if (heater === "pulse" && staleAfter < STALE_AFTER_WITH_HEATER) {
    return [
      `sensor.staleAfter: must be at least "5m" with sensor.heater = "pulse", because readings do not count while the sensor is warm: value was "${durationText(staleAfter)}"`,
    ];
  }
  return [];
}
