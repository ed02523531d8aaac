import { type GuardState, initialGuard, MOST_SWITCHES_PER_HOUR, switched } from "./guard.ts";
import { fieldsOf, isDuration, type Restored, refusal } from "./record.ts";

/**
 * The guard's memory as JSON. It holds ages and no times of day. How long the agent was away, no clock of a gateway
 * without RTC can say: after a boot it may stand still, go back or leap ahead by months. So the time away never counts.
 * A minimum time is then never cut short, and ends at the latest its full length after the restart.
 */
export interface GuardRecord {
  /** null: unknown. */
  readonly on: boolean | null;
  /** Milliseconds since the last switch. */
  readonly age: number;
  /** Milliseconds since each switch of the last hour. */
  readonly switchAges: readonly number[];
}

/**
 * To be written before the fan moves, so that a crash in between cannot hide a switch; right after a restart, which may
 * have counted one; and now and then besides, because the time since the last record is lost in a crash.
 */
export function guardToRecord(state: GuardState, now: number): GuardRecord {
  return {
    on: state.on ?? null,
    age: Math.max(0, now - state.since),
    switchAges: state.switches.map((at) => Math.max(0, now - at)),
  };
}

/**
 * The guard after a restart. `found` is where the fan is now; undefined if that is unknown. Without a usable record,
 * with `found` unknown or other than recorded, the fan counts as switched just now. One that is found where it was
 * counts as never moved: who knows that it has moved, as in a power cut, calls `switched` on the result.
 */
export function guardFromRecord(
  record: unknown,
  now: number,
  found: boolean | undefined,
): Restored<GuardState> {
  if (record === undefined) return { state: initialGuard(found, now), problem: undefined };
  const read = readRecord(record);
  if (typeof read === "string") return { state: initialGuard(found, now), problem: read };
  const ages = read.switchAges.toSorted((a, b) => b - a);
  const state: GuardState = {
    on: read.on ?? undefined,
    since: now - Math.min(read.age, ...ages),
    switches: ages.map((age) => now - age),
  };
  const isAsRecorded = found !== undefined && found === state.on;
  return { state: isAsRecorded ? state : switched(state, found, now), problem: undefined };
}

function readRecord(record: unknown): GuardRecord | string {
  const fields = fieldsOf(record);
  if (!fields) return refusal("guard record", record, "an object");
  const { on, age, switchAges } = fields;
  if (typeof on !== "boolean" && on !== null) {
    return refusal("guard record, on", on, "true, false or null");
  }
  if (!isDuration(age)) return refusal("guard record, age", age, "milliseconds, 0 or more");
  if (
    !Array.isArray(switchAges) ||
    switchAges.length > MOST_SWITCHES_PER_HOUR ||
    !switchAges.every(isDuration)
  ) {
    const allowed = `at most ${MOST_SWITCHES_PER_HOUR} numbers of milliseconds, each 0 or more`;
    return refusal("guard record, switchAges", switchAges, allowed);
  }
  return { on, age, switchAges };
}
