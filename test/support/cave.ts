import type { Settings } from "#agent/cave/settings.js";
import type { SteerLimits } from "#agent/cave/steer.js";

/** The settings of config/default.toml. */
export const SETTINGS: Readonly<Settings> = {
  targetTemperature: 12,
  targetHumidity: 90,
  temperatureBand: 1,
  humidityBand: 5,
  telemetryInterval: 30,
  fanMode: "auto",
};

/** Limits that nothing in an ordinary test meets; a test tightens the one that it is about. */
export const LOOSE_LIMITS: SteerLimits = {
  safeState: "off",
  guard: { minimumOn: 0, minimumOff: 0, switchesPerHour: 60 },
  quality: {
    temperature: { minimum: -20, maximum: 50, perSecond: 10 },
    humidity: { minimum: 0, maximum: 100, perSecond: 10 },
    believeAfter: { readings: 3, time: 30_000 },
    stuckAfter: Number.POSITIVE_INFINITY,
    staleAfter: 60_000,
  },
};
