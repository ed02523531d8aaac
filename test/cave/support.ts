import fc from "fast-check";
import type { Settings } from "#agent/cave/settings.js";

export const DEFAULTS: Settings = {
  targetTemperature: 12,
  targetHumidity: 90,
  temperatureBand: 1,
  humidityBand: 5,
  telemetryInterval: 10,
  fanMode: "auto",
};

/** Any settings that the rules allow. */
export const anySettings: fc.Arbitrary<Settings> = fc.record({
  targetTemperature: fc.double({ min: -10, max: 40, noNaN: true }),
  targetHumidity: fc.double({ min: 0, max: 100, noNaN: true }),
  temperatureBand: fc.double({ min: 0.1, max: 20, noNaN: true }),
  humidityBand: fc.double({ min: 0.5, max: 50, noNaN: true }),
  telemetryInterval: fc.double({ min: 1, max: 86_400, noNaN: true }),
  fanMode: fc.constantFrom("auto", "on", "off"),
});

/** Air that a sensor can measure. */
export const anyAir = fc.record({
  temperature: fc.double({ min: -40, max: 125, noNaN: true }),
  humidity: fc.double({ min: 0, max: 100, noNaN: true }),
});

/** What a broken sensor may bring: nothing, NaN, infinities, numbers out of its range. */
const badTemperature = fc.constantFrom(Number.NaN, Infinity, -Infinity, -40.01, 125.01, 1e9);
const badHumidity = fc.constantFrom(Number.NaN, Infinity, -Infinity, -0.01, 100.01);
export const noAir = fc.oneof(
  fc.constant(undefined),
  fc.record({ temperature: badTemperature, humidity: fc.constantFrom(90, Number.NaN) }),
  fc.record({ temperature: fc.constantFrom(12, Number.NaN), humidity: badHumidity }),
);
