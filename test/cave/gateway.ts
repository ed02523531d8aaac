import fc from "fast-check";
import type { Air } from "#agent/cave/air.js";
import { initialGuard, switched } from "#agent/cave/guard.js";
import { guardFromRecord, guardToRecord } from "#agent/cave/guard-record.js";
import { overrideFromRecord, overrideToRecord } from "#agent/cave/override-record.js";
import type { FanMode, Settings } from "#agent/cave/settings.js";
import {
  initialSteering,
  type Steering,
  type SteerLimits,
  type SteerState,
  steer,
} from "#agent/cave/steer.js";
import { DEFAULTS, noAir } from "./support.ts";

/** What can happen to a gateway. Milliseconds. */
export type Event =
  | { kind: "sample"; after: number; air: Air | undefined; isValid: boolean }
  | { kind: "override"; on: boolean; duration: number }
  | { kind: "auto" }
  | { kind: "mode"; mode: FanMode }
  | { kind: "save" }
  | { kind: "wall"; jump: number }
  | {
      kind: "restart";
      away: number;
      fan: "kept" | "on" | "off";
      found: boolean;
      guard: "kept" | "lost" | "corrupt";
    };

/** One decision, beside what is true of the world, which the agent cannot see. */
export interface Moment {
  /** True time. */
  at: number;
  steering: Steering;
  isValid: boolean;
  mode: FanMode;
  /** What an independent account leaves of the last override: by running time, and by true time. */
  override: { left: number; until: number } | undefined;
  fanBefore: boolean;
  fanAfter: boolean;
  /** True moments at which the fan moved before this decision, newest last; the first is when it was installed. */
  moves: readonly number[];
  hasHonestWall: boolean;
}

interface Saved {
  guard: unknown;
  override: unknown;
  left: Moment["override"];
}

/** Lives through the events: a true clock, a wall clock that may lie, a monotonic one that starts at 0 in each life. */
export function live(events: readonly Event[], limits: SteerLimits): Moment[] {
  const moments: Moment[] = [];
  const moves = [0];
  let at = 0;
  let bornAt = 0;
  let wallOffset = Date.UTC(2024, 0, 1);
  let hasHonestWall = true;
  let fan = false;
  let settings: Settings = DEFAULTS;
  let state: SteerState = initialSteering(initialGuard(fan, 0), 0);
  let left: Moment["override"];
  let saved = save();

  function save(): Saved {
    const now = at - bornAt;
    const records = {
      guard: guardToRecord(state.guard, now),
      override: overrideToRecord(state.controller.override, now, at + wallOffset),
    };
    return { ...JSON.parse(JSON.stringify(records)), left: left && { ...left } };
  }

  function pass(milliseconds: number): void {
    at += milliseconds;
    if (left) left.left -= milliseconds;
  }

  function move(on: boolean): void {
    if (on !== fan) moves.push(at);
    fan = on;
  }

  function decide(air: Air | undefined, isValid: boolean): void {
    const steering = steer(state, air, settings, limits, at - bornAt);
    const before = { fan, moves: [...moves] };
    const hasSwitched = steering.state.guard !== state.guard;
    state = steering.state;
    if (hasSwitched) saved = save();
    if (steering.on !== undefined) move(steering.on);
    const override = left && { ...left };
    moments.push({
      at,
      steering,
      isValid,
      mode: settings.fanMode,
      override,
      fanBefore: before.fan,
      fanAfter: fan,
      moves: before.moves,
      hasHonestWall,
    });
  }

  function wish(override: SteerState["controller"]["override"]): void {
    state = { ...state, controller: { ...state.controller, override } };
    saved = save();
    decide(undefined, false);
  }

  function restart(event: Event & { kind: "restart" }): void {
    if (event.fan !== "kept") move(event.fan === "on");
    at += event.away;
    bornAt = at;
    const record = { kept: saved.guard, lost: undefined, corrupt: { on: "yes", age: -1 } }[event.guard];
    let { state: guard } = guardFromRecord(record, 0, event.found ? fan : undefined);
    if (event.fan !== "kept" && event.found) guard = switched(guard, fan, 0);
    state = initialSteering(guard, 0);
    const { state: override } = overrideFromRecord(saved.override, 0, at + wallOffset);
    state = { ...state, controller: { ...state.controller, override } };
    left = saved.left && { ...saved.left };
    saved = save();
  }

  for (const event of events) {
    if (event.kind === "sample") {
      pass(event.after);
      decide(event.air, event.isValid);
    } else if (event.kind === "override") {
      left = { left: event.duration, until: at + event.duration };
      wish({ on: event.on, until: at - bornAt + event.duration });
    } else if (event.kind === "auto") {
      left = undefined;
      wish(undefined);
    } else if (event.kind === "mode") settings = { ...settings, fanMode: event.mode };
    else if (event.kind === "save") saved = save();
    else if (event.kind === "wall") {
      wallOffset += event.jump;
      hasHonestWall = false;
    } else restart(event);
  }
  return moments;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

const wait = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 10 * SECOND }) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 10 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 * HOUR }) },
);

/** Too cold, at the target, too warm: what makes the controller want something. All plausible in `anySteerLimits`. */
const goodAir = fc.record({
  temperature: fc.constantFrom(8, 11, 12, 13.5, 16),
  humidity: fc.constantFrom(80, 90, 97),
});

/** In the sensor's range, but not in a cave. */
const implausibleAir = fc.record({ temperature: fc.constantFrom(-30, 80), humidity: fc.constantFrom(1, 97) });

const sample = fc.oneof(
  fc.record({ kind: fc.constant("sample" as const), after: wait, air: goodAir, isValid: fc.constant(true) }),
  fc.record({
    kind: fc.constant("sample" as const),
    after: wait,
    air: fc.oneof(noAir, implausibleAir),
    isValid: fc.constant(false),
  }),
);

const command = fc.oneof(
  fc.record({ kind: fc.constant("override" as const), on: fc.boolean(), duration: wait }),
  fc.record({ kind: fc.constant("auto" as const) }),
  fc.record({ kind: fc.constant("mode" as const), mode: fc.constantFrom("auto" as const, "on", "off") }),
  fc.record({ kind: fc.constant("save" as const) }),
);

const wallJump = fc.record({
  kind: fc.constant("wall" as const),
  jump: fc.oneof(wait, fc.integer({ min: -5 * YEAR, max: 5 * YEAR }), fc.integer({ min: -HOUR, max: HOUR })),
});

export interface Perils {
  /** Whether the wall clock may jump. */
  wall: boolean;
  /** Whether the record of the guard may be lost or corrupt. */
  records: boolean;
}

export function anyEvents(perils: Perils): fc.Arbitrary<Event[]> {
  const restart = fc.record({
    kind: fc.constant("restart" as const),
    away: wait,
    fan: fc.constantFrom("kept" as const, "kept" as const, "on" as const, "off" as const),
    found: fc.boolean(),
    guard: perils.records
      ? fc.constantFrom("kept" as const, "lost" as const, "corrupt" as const)
      : fc.constant("kept" as const),
  });
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 8, arbitrary: sample },
    { weight: 3, arbitrary: command },
    { weight: 1, arbitrary: restart },
    { weight: perils.wall ? 1 : 0, arbitrary: wallJump },
  );
  return fc.array(event, { maxLength: 80, size: "max" });
}

export const anySteerLimits: fc.Arbitrary<SteerLimits> = fc.record({
  safeState: fc.constantFrom("on", "off", "hold"),
  guard: fc.record({
    minimumOn: fc.integer({ min: 0, max: 10 * MINUTE }),
    minimumOff: fc.integer({ min: 0, max: 10 * MINUTE }),
    switchesPerHour: fc.integer({ min: 1, max: 12 }),
  }),
  quality: fc.record({
    temperature: fc.record({
      minimum: fc.constant(-5),
      maximum: fc.constant(40),
      perSecond: fc.constantFrom(0.1, 100),
    }),
    humidity: fc.record({
      minimum: fc.constant(20),
      maximum: fc.constant(100),
      perSecond: fc.constantFrom(1, 100),
    }),
    believeAfter: fc.record({
      readings: fc.integer({ min: 2, max: 5 }),
      time: fc.integer({ min: 0, max: MINUTE }),
    }),
    stuckAfter: fc.constantFrom(10 * MINUTE, HOUR, Infinity),
    staleAfter: fc.integer({ min: 1, max: 10 * MINUTE }),
  }),
});
