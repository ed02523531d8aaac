import type { GuardState } from "#agent/cave/guard.js";
import type { Settings } from "#agent/cave/settings.js";
import type { SteerLimits, SteerState } from "#agent/cave/steer.js";
import type { ControlState } from "#agent/control/state.js";
import type { Measurement } from "#agent/control.js";
import type { Fan } from "#agent/fan/fan.js";
import { createSimulatedFan, type SimulatedFan } from "#agent/fan/simulated.js";
import type { Sensor } from "#agent/sensor/sensor.js";
import { LOOSE_LIMITS, SETTINGS } from "../support/cave.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { type Air, airSensor, type Loop, startLoop } from "./support.ts";

/** Stands between the loop and the fan or the sensor, to make them hang. */
export interface Between {
  fan?: (fan: Fan) => Fan;
  sensor?: (sensor: Sensor) => Sensor;
  takeFan?: () => Promise<GuardState>;
}

/** The loop over air that the test makes and a simulated fan, and all that it has told. */
export interface Cave extends Loop {
  clock: FakeClock;
  air: Air & { reads: number };
  fan: SimulatedFan;
  settings: Settings;
  samples: { sample: Measurement; urgent: boolean }[];
  states: { at: number; state: ControlState }[];
  /** Of these, each that has another fan or reason than the one before. */
  changes: ControlState[];
  faults: string[];
  remembered: SteerState[];
}

export function build(
  change: Partial<Settings> = {},
  limits: SteerLimits = LOOSE_LIMITS,
  between: Between = {},
): Cave {
  const clock = createFakeClock();
  const air: Cave["air"] = { temperature: 12, humidity: 90, reads: 0 };
  const sensor = airSensor(air, () => {
    air.reads += 1;
  });
  const fan = createSimulatedFan({ safeState: "off" });
  const settings: Settings = { ...SETTINGS, ...change };
  const samples: Cave["samples"] = [];
  const changes: ControlState[] = [];
  const states: Cave["states"] = [];
  const faults: string[] = [];
  const remembered: SteerState[] = [];
  const loop = startLoop({
    sensor: between.sensor?.(sensor) ?? sensor,
    fan: between.fan?.(fan) ?? fan,
    clock,
    ...(between.takeFan && { takeFan: between.takeFan }),
    limits,
    settings: () => settings,
    remember: async (state) => void remembered.push(state),
    onSample: (sample, urgent) => samples.push({ sample, urgent }),
    onTick: (state) => {
      states.push({ at: clock.monotonic(), state });
      const { fan: now, reason } = changes.at(-1) ?? {};
      if (now !== state.fan || reason !== state.reason) changes.push(state);
    },
    onSensorFault: (error) => faults.push(`sensor: ${error}`),
    onFanFault: (error) => faults.push(`fan: ${error}`),
  });
  return { clock, air, fan, settings, samples, states, changes, faults, remembered, ...loop };
}
