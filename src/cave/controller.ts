import type { SafeState } from "../fan/fan.ts";
import { type Air, isValidAir } from "./air.ts";
import type { Settings } from "./settings.ts";
import { INITIAL_WISHES, nextWishes, type Wishes, wantsFan } from "./wishes.ts";

/** `hold` leaves the fan as it is. */
export type FanCommand = "on" | "off" | "hold";

/** Why the fan was commanded as it was; reported in the twin as `fanReason`. */
export type FanReason =
  | "too-warm"
  | "too-cold"
  | "too-humid"
  | "too-dry"
  | "in-band"
  | "override"
  | "fan-mode"
  | "stale-sample"
  | "starting"
  | "no-fan";

/** A person's wish for a while. */
export interface Override {
  readonly on: boolean;
  /** `clock.monotonic()` milliseconds; from this moment on it counts no more. */
  readonly until: number;
}

/** What the controller remembers. Times are `clock.monotonic()` milliseconds. To override, put one in a copy. */
export interface ControllerState {
  /** What the automatic rule demanded at the last valid reading. It is kept up to date under an override too. */
  readonly demand: boolean;
  /** The reason of `demand`. */
  readonly reason: FanReason;
  readonly wishes: Wishes;
  readonly override: Override | undefined;
  readonly startedAt: number;
  /** When the last valid reading came; undefined before the first. */
  readonly validAt: number | undefined;
}

export interface Limits {
  /** Milliseconds that the automatic rule may go without a valid reading. */
  readonly staleAfter: number;
  /** With `hold` the fan stays as it was last commanded, even if that was by an override that has ended since. */
  readonly safeState: SafeState;
}

export interface Decision {
  readonly state: ControllerState;
  readonly command: FanCommand;
  readonly reason: FanReason;
}

export function initialState(now: number): ControllerState {
  return {
    demand: false,
    reason: "starting",
    wishes: INITIAL_WISHES,
    override: undefined,
    startedAt: now,
    validAt: undefined,
  };
}

/**
 * What the fan shall do now. The first of these that applies:
 *
 * 1. an override that has not expired;
 * 2. `fanMode` on or off;
 * 3. a valid reading: the automatic rule (see wishes.ts);
 * 4. no valid reading for longer than `staleAfter`: the safe state;
 * 5. no valid reading just now: `hold`, with the reason that the fan has had so far.
 *
 * Overrides and `fanMode` stand above the safe state on purpose. They are a person's explicit wish and need no sensor;
 * with a broken sensor they are the only control left, and a method that answers "executed" must have moved the fan.
 * An override ends by itself, and then the safe state holds.
 */
export function decide(
  state: ControllerState,
  reading: Air | undefined,
  settings: Settings,
  limits: Limits,
  now: number,
): Decision {
  const next = withoutExpired(isValidAir(reading) ? learn(state, reading, settings, now) : state, now);
  if (next.override) return { state: next, command: commandFor(next.override.on), reason: "override" };
  if (settings.fanMode !== "auto") return { state: next, command: settings.fanMode, reason: "fan-mode" };
  if (isValidAir(reading)) return { state: next, command: commandFor(next.demand), reason: next.reason };
  const isStale = now - (next.validAt ?? next.startedAt) > limits.staleAfter;
  if (isStale) return { state: next, command: limits.safeState, reason: "stale-sample" };
  return { state: next, command: "hold", reason: next.reason };
}

function learn(state: ControllerState, air: Air, settings: Settings, now: number): ControllerState {
  const wishes = nextWishes(state.wishes, air, settings);
  return {
    ...state,
    wishes,
    demand: wantsFan(wishes),
    reason: whyFan(wishes, air, settings),
    validAt: now,
  };
}

function whyFan(wishes: Wishes, air: Air, settings: Settings): FanReason {
  if (wishes.warming) return "too-cold";
  if (wishes.cooling) return "too-warm";
  if (wishes.drying) return "too-humid";
  return air.humidity < settings.targetHumidity - settings.humidityBand ? "too-dry" : "in-band";
}

function withoutExpired(state: ControllerState, now: number): ControllerState {
  return state.override && now >= state.override.until ? { ...state, override: undefined } : state;
}

function commandFor(on: boolean): FanCommand {
  return on ? "on" : "off";
}
