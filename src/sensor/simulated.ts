import type { Clock } from "../lib/clock.ts";
import { createRandom, type Random } from "./random.ts";
import type { Reading, Sensor } from "./sensor.ts";

export interface SimulatedSensorOptions {
  /** Any integer. The same seed, clock and reads give the same air; another seed is another cave. */
  seed: number;
  /** Seconds in the cave per second of `clock.monotonic()`: 1 is real time, 60 a minute a second. */
  speed: number;
  clock: Clock;
  /** Whether air is being moved now. */
  fanOn: () => boolean;
}

/** °C and %RH. */
interface Air {
  temperature: number;
  humidity: number;
}

/** The walls and the weather of one cave. Times are seconds in the cave. */
interface Cave {
  ambient: Air;
  supply: Air;
  /** How far the ambient temperature swings, °C, and in which time. */
  swing: number;
  period: number;
  phase: number;
  /** Time constants of the air with the fan off and on. */
  still: Air;
  moved: Air;
}

// An SHT31's repeatability at high precision is 0.04 °C and 0.08 %RH as three deviations (SHT3x-DIS datasheet v5).
const NOISE: Air = { temperature: 0.04 / 3, humidity: 0.08 / 3 };

const MINUTE = 60;

/** How much damper the air is for each degree of warmer weather, %RH. */
const MOISTURE_PER_DEGREE = 5;

/**
 * The air of a cave that answers to its fan: off, it drifts to the rock's 16 °C and 97 %RH; on, to the supply air's
 * 8 °C and 75 %RH, each as a first-order lag of 18 to 40 minutes, all a little
 * different from cave to cave. In between, the wet walls give back what the supply air has taken.
 */
export function createSimulatedSensor(options: SimulatedSensorOptions): Sensor {
  const { clock, speed, fanOn } = options;
  const random = createRandom(options.seed);
  const cave = digCave(random);
  const startedAt = clock.monotonic();
  const air: Air = { temperature: random.between(11.5, 13.5), humidity: random.between(88, 94) };
  let elapsed = 0;

  return {
    // No await between the abort check and the return: two reads at once cannot mix their steps.
    async read(signal) {
      if (signal.aborted) throw new DOMException("The read was stopped", "AbortError");
      const now = ((clock.monotonic() - startedAt) / 1000) * speed;
      drift(air, cave, fanOn(), now, now - elapsed);
      elapsed = now;
      return measure(air, random);
    },
    describe: () => ({ source: "simulated" }),
    close: async () => {},
  };
}

function digCave(random: Random): Cave {
  const size = random.between(0.85, 1.15);
  return {
    ambient: { temperature: 16 + random.between(-0.7, 0.7), humidity: 97 + random.between(-1.5, 1.5) },
    supply: { temperature: 8 + random.between(-0.5, 0.5), humidity: 75 + random.between(-2, 2) },
    swing: random.between(0.2, 0.5),
    period: random.between(5, 8) * 60 * MINUTE,
    phase: random.between(0, 2 * Math.PI),
    still: { temperature: 40 * MINUTE * size, humidity: 20 * MINUTE * size },
    moved: { temperature: 20 * MINUTE * size, humidity: 18 * MINUTE * size },
  };
}

/** Moves the air on by `duration`. The exact solution of the lag, so that a long gap between two reads is no problem. */
function drift(air: Air, cave: Cave, isMoved: boolean, now: number, duration: number): void {
  const goal = isMoved ? cave.supply : cave.ambient;
  const lag = isMoved ? cave.moved : cave.still;
  const swing = cave.swing * Math.sin((2 * Math.PI * now) / cave.period + cave.phase);
  air.temperature = approach(air.temperature, goal.temperature + swing, duration / lag.temperature);
  // Warm weather brings moist air with it, now and then as much as the air can hold.
  const moisture = goal.humidity + MOISTURE_PER_DEGREE * swing;
  air.humidity = approach(air.humidity, moisture, duration / lag.humidity);
}

function approach(value: number, goal: number, lags: number): number {
  return goal + (value - goal) * Math.exp(-lags);
}

function measure(air: Air, random: Random): Reading {
  const humidity = air.humidity + random.normal(NOISE.humidity);
  return {
    temperature: toHundredths(air.temperature + random.normal(NOISE.temperature)),
    humidity: toHundredths(Math.min(100, Math.max(0, humidity))),
    source: "simulated",
  };
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
