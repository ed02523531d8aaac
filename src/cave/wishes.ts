import type { Air } from "./air.ts";
import type { Settings } from "./settings.ts";

/**
 * The automatic rule: the fan cools and dries the cave. Three wishes, each with its own hysteresis, so that air that
 * moves inside a band never switches the fan:
 *
 * | wish | begins | ends |
 * |---|---|---|
 * | `cooling` | above target + band | at or below target |
 * | `drying` | above target + band | at or below target |
 * | `warming` | below target − band | at or above target |
 *
 * Temperature comes first: `warming` keeps the fan off however humid the air is, and `cooling` keeps it on however dry.
 * `warming` is a wish of its own, and not a mere limit, because a cold and humid cave would else switch at that limit
 * with every tenth of a degree.
 */
export interface Wishes {
  readonly cooling: boolean;
  readonly drying: boolean;
  readonly warming: boolean;
}

export const INITIAL_WISHES: Wishes = { cooling: false, drying: false, warming: false };

export function nextWishes(wishes: Wishes, air: Air, settings: Settings): Wishes {
  const { targetTemperature, temperatureBand, targetHumidity, humidityBand } = settings;
  return {
    cooling: isExceeding(wishes.cooling, air.temperature - targetTemperature, temperatureBand),
    drying: isExceeding(wishes.drying, air.humidity - targetHumidity, humidityBand),
    warming: isExceeding(wishes.warming, targetTemperature - air.temperature, temperatureBand),
  };
}

export function wantsFan(wishes: Wishes): boolean {
  return !wishes.warming && (wishes.cooling || wishes.drying);
}

function isExceeding(wasExceeding: boolean, excess: number, band: number): boolean {
  return excess > (wasExceeding ? 0 : band);
}
