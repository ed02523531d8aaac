import type { SafeState } from "../fan/fan.ts";
import { type ControllerState, decide, type FanCommand, type FanReason, initialState } from "./controller.ts";
import { type GuardLimits, type GuardState, guard, type Hold } from "./guard.ts";
import {
  drivesControl,
  initialQuality,
  judge,
  type Measured,
  type Quality,
  type QualityLimits,
  type QualityState,
} from "./quality.ts";
import type { Settings } from "./settings.ts";

/** All that the way from a reading to the fan remembers. */
export interface SteerState {
  readonly quality: QualityState;
  readonly controller: ControllerState;
  readonly guard: GuardState;
}

export interface SteerLimits {
  readonly quality: QualityLimits;
  readonly safeState: SafeState;
  readonly guard: GuardLimits;
}

export interface Steering {
  readonly state: SteerState;
  readonly quality: Quality;
  readonly stale: boolean;
  /** What the controller asked for, and why. */
  readonly command: FanCommand;
  readonly reason: FanReason;
  /** What to command after the guard. Undefined: leave the fan as it is. */
  readonly on: boolean | undefined;
  /** Why and until when the command waits. */
  readonly held: Hold | undefined;
}

/** `from` is the guard as it was carried over the restart. */
export function initialSteering(from: GuardState, now: number): SteerState {
  return { quality: initialQuality(now), controller: initialState(now), guard: from };
}

/** The whole way: a reading is judged, a good one decides, and the guard says whether the fan may follow now. */
export function steer(
  state: SteerState,
  reading: Measured | undefined,
  settings: Settings,
  limits: SteerLimits,
  now: number,
): Steering {
  const { safeState } = limits;
  const { staleAfter } = limits.quality;
  const judged = judge(state.quality, reading, limits.quality, now);
  const air = drivesControl(judged.quality) ? reading : undefined;
  const decided = decide(state.controller, air, settings, { staleAfter, safeState }, now);
  const guarded = guard(state.guard, wantedBy(decided.command), limits.guard, now);
  return {
    state: { quality: judged.state, controller: decided.state, guard: guarded.state },
    quality: judged.quality,
    stale: judged.stale,
    command: decided.command,
    reason: decided.reason,
    on: guarded.on,
    held: guarded.held,
  };
}

/** The same without a fan, or with one that was not taken over yet: nothing is commanded, and the guard counts nothing. */
export function withoutFan(steering: Steering, from: SteerState, reason: "no-fan" | "starting"): Steering {
  const state = { ...steering.state, guard: from.guard };
  return { ...steering, state, command: "hold", reason, on: undefined, held: undefined };
}

/** Undefined: the fan is to stay as it is. */
export function wantedBy(command: FanCommand): boolean | undefined {
  return command === "hold" ? undefined : command === "on";
}
