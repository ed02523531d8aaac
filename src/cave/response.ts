import { type Air, isValidAir } from "./air.ts";
import type { Settings } from "./settings.ts";

/** When a cave counts as answering to its fan. */
export interface ResponseLimits {
  /** Milliseconds that the fan may run before the air must have moved. */
  readonly responseAfter: number;
  /** °C that the temperature must fall; more than the sensor's noise of 0.04 °C. */
  readonly temperatureDrop: number;
  /** %RH that the humidity must fall; more than the sensor's noise of 0.08 %RH. Either drop is an answer. */
  readonly humidityDrop: number;
}

/** What is remembered. Times are `clock.monotonic()` milliseconds. */
export interface ResponseState {
  readonly run: Run | undefined;
  /** When the fan was first seen off; undefined while it is on. */
  readonly offSince: number | undefined;
  /** Since when `fanNoEffect` is raised; undefined if it is not. */
  readonly noEffectSince: number | undefined;
}

/** The fan at work: where the air was when it began, and whether it has moved since. */
interface Run {
  readonly baseline: Air;
  readonly since: number;
  readonly answered: boolean;
}

export const INITIAL_RESPONSE: ResponseState = {
  run: undefined,
  offSince: undefined,
  noEffectSince: undefined,
};

/**
 * Whether the cave answers to its fan, which cools and dries. `fanOn` is what the fan does, not what is wanted of it;
 * `air` a good reading, or undefined. Raised when the fan has run for `responseAfter` and neither quantity has fallen by
 * its drop, while at least one is above its target. Cleared as soon as one falls, or after the fan has been off for
 * `responseAfter`.
 *
 * Against false alarms:
 * - Air that is at its targets may be as cold and dry as the supply air; a fan that a person runs there is not judged.
 * - A run has answered once and for all: that the air then rests where the supply air can bring it, be it above the
 *   target, is no fault. It is judged anew only when temperature and humidity are both back where the run began, as
 *   happens when a fan dies while it is on. A pause shorter than `responseAfter` does not end such a run.
 * - Without a good reading nothing is raised.
 *
 * What remains: fresh warm cheese, or supply air that is warmer than the cave, can raise it with a sound fan. Then too
 * the fan runs in vain, and that is what the alert says.
 */
export function respond(
  state: ResponseState,
  fanOn: boolean,
  air: Air | undefined,
  settings: Settings,
  limits: ResponseLimits,
  now: number,
): ResponseState {
  if (!fanOn) return rest(state, limits, now);
  const running = { ...state, offSince: undefined };
  if (!isValidAir(air)) return running;
  const { run } = state;
  if (!run || (run.answered && isBack(run, air))) return { ...running, run: begin(air, now) };
  if (run.answered) return running;
  if (hasFallen(run.baseline, air, limits)) {
    return { ...running, run: { ...run, answered: true }, noEffectSince: undefined };
  }
  if (state.noEffectSince !== undefined) return { ...running, run: raiseBaseline(run, air) };
  const isOverdue = now - run.since >= limits.responseAfter && hasWork(air, settings);
  return isOverdue ? { ...running, noEffectSince: now } : running;
}

function rest(state: ResponseState, limits: ResponseLimits, now: number): ResponseState {
  const offSince = state.offSince ?? now;
  if (now - offSince >= limits.responseAfter) return { ...INITIAL_RESPONSE, offSince };
  return { ...state, offSince, run: state.run?.answered ? state.run : undefined };
}

function begin(air: Air, now: number): Run {
  return {
    baseline: { temperature: air.temperature, humidity: air.humidity },
    since: now,
    answered: false,
  };
}

function isBack({ baseline }: Run, air: Air): boolean {
  return air.temperature >= baseline.temperature && air.humidity >= baseline.humidity;
}

function hasFallen(baseline: Air, air: Air, limits: ResponseLimits): boolean {
  return (
    air.temperature <= baseline.temperature - limits.temperatureDrop ||
    air.humidity <= baseline.humidity - limits.humidityDrop
  );
}

// A cave that has warmed under a dead fan answers to the mended one long before it is back at the old baseline.
function raiseBaseline(run: Run, air: Air): Run {
  const { temperature, humidity } = run.baseline;
  return {
    ...run,
    baseline: {
      temperature: Math.max(temperature, air.temperature),
      humidity: Math.max(humidity, air.humidity),
    },
  };
}

function hasWork(air: Air, settings: Settings): boolean {
  return air.temperature > settings.targetTemperature || air.humidity > settings.targetHumidity;
}
