/** Durations in milliseconds. */
export interface GuardLimits {
  /** Shortest time that the fan runs once it is on. */
  readonly minimumOn: number;
  /** Shortest time that the fan rests once it is off. */
  readonly minimumOff: number;
  /** Most switches, on and off together, in any hour: 1 to `MOST_SWITCHES_PER_HOUR`. */
  readonly switchesPerHour: number;
}

/** What the guard remembers. Times are `clock.monotonic()` milliseconds; `guard-record.ts` carries it over a restart. */
export interface GuardState {
  /** Where the fan is; undefined while nobody knows. */
  readonly on: boolean | undefined;
  /** When it last switched; in doubt, the latest moment at which it can have. */
  readonly since: number;
  /** The switches of the last hour, newest last. */
  readonly switches: readonly number[];
}

/** Which limit keeps the fan where it is. `position-unknown`: both minimum times count, because either may be running. */
export type GuardCause = "minimum-on" | "minimum-off" | "position-unknown" | "switches-per-hour";

export interface Hold {
  /** From this moment on the fan may do what was wanted. `clock.monotonic()` milliseconds. */
  readonly until: number;
  readonly cause: GuardCause;
}

export interface Guarded {
  readonly state: GuardState;
  /** What to command. Undefined: leave the fan as it is, nobody knows where that is. */
  readonly on: boolean | undefined;
  /** Set if something else was wanted and must wait. Ask again: the wish is not kept here. */
  readonly held: Hold | undefined;
}

/** Upper end of `switchesPerHour`: one a minute, which no relay or motor of a fan should be asked for. */
export const MOST_SWITCHES_PER_HOUR = 60;

const HOUR = 3_600_000;

/** A fan of which nothing is known: it may have been switched a moment ago. */
export function initialGuard(on: boolean | undefined, now: number): GuardState {
  return { on, since: now, switches: [now] };
}

/**
 * The filter between the controller and the fan. `wanted` undefined means that the fan shall stay as it is.
 *
 * Nothing that passes here breaks the limits. Not a person's override: it is accepted and kept, and the fan obeys at
 * `held.until`; whoever asked is told that moment and the cause, instead of "done". Not the safe state on a stale
 * sensor either: nobody is in danger while a fan runs or rests some minutes longer, and a sensor that comes and goes
 * would else wear out the relay. What switches the fan past the guard (the agent stops, power fails) is made known to
 * it by `switched`.
 */
export function guard(
  state: GuardState,
  wanted: boolean | undefined,
  limits: GuardLimits,
  now: number,
): Guarded {
  if (wanted === undefined || wanted === state.on) return { state, on: state.on, held: undefined };
  const held = holdOf(state, limits);
  if (now < held.until) return { state, on: state.on, held };
  return { state: switched(state, wanted, now), on: wanted, held: undefined };
}

/** The fan was switched: by the guard, or past it. Counts even if it is found where it was before. */
export function switched(state: GuardState, on: boolean | undefined, now: number): GuardState {
  const recent = state.switches.filter((at) => at > now - HOUR);
  return { on, since: now, switches: [...recent, now].slice(-MOST_SWITCHES_PER_HOUR) };
}

/**
 * The newest switch may have come as late as now: its command took its time, or was not obeyed and is given again. However
 * often that happens, the fan moves once: counted once, at the latest moment.
 */
export function delayed(state: GuardState, now: number): GuardState {
  return { ...state, since: now, switches: [...state.switches.slice(0, -1), now] };
}

/**
 * A fan that had obeyed has left its place by itself. Putting it back is a switch that counts like any other. Its
 * minimum times do not hold it: they were not of the guard's making.
 */
export function putBack(state: GuardState, limits: GuardLimits, now: number): Guarded {
  const held = budgetOf(state, limits);
  if (now < held.until) return { state, on: state.on, held };
  return { state: switched(state, state.on, now), on: state.on, held: undefined };
}

/** The limit that lasts longest; it may lie in the past. */
function holdOf(state: GuardState, limits: GuardLimits): Hold {
  const minimum = minimumOf(state, limits);
  const budget = budgetOf(state, limits);
  return budget.until > minimum.until ? budget : minimum;
}

// With N switches in the last hour the next one waits until the Nth last is an hour old.
function budgetOf(state: GuardState, limits: GuardLimits): Hold {
  const counted = state.switches.at(-limits.switchesPerHour);
  const until = counted === undefined ? Number.NEGATIVE_INFINITY : counted + HOUR;
  return { until, cause: "switches-per-hour" };
}

function minimumOf({ on, since }: GuardState, { minimumOn, minimumOff }: GuardLimits): Hold {
  if (on === undefined) {
    return { until: since + Math.max(minimumOn, minimumOff), cause: "position-unknown" };
  }
  return on
    ? { until: since + minimumOn, cause: "minimum-on" }
    : { until: since + minimumOff, cause: "minimum-off" };
}
