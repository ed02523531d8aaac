import type { Override } from "./controller.ts";
import { fieldsOf, isDuration, type Restored, refusal } from "./record.ts";

/** An override as JSON. */
export interface OverrideRecord {
  readonly on: boolean;
  /** Milliseconds that were left when the record was made. */
  readonly remaining: number;
  /** Wall clock at that moment, milliseconds since 1970. */
  readonly recordedAt: number;
}

/** As long as an override can be asked for: seven days. A longer one in a record is a broken record. */
const LONGEST_OVERRIDE = 7 * 24 * 3_600_000;

/** null without an override, and for one that has expired. `now` is monotonic, `wall` milliseconds since 1970. */
export function overrideToRecord(
  override: Override | undefined,
  now: number,
  wall: number,
): OverrideRecord | null {
  if (!override || override.until <= now) return null;
  return { on: override.on, remaining: override.until - now, recordedAt: wall };
}

/**
 * The override after a restart; undefined if none is left. The time away counts by the wall clock. A wall clock that
 * stands before the record cannot say how long that was: then what was left is left again, never more. A clock that
 * has leapt ahead ends the override early: to forget a wish is safer than to keep it for ever.
 */
export function overrideFromRecord(
  record: unknown,
  now: number,
  wall: number,
): Restored<Override | undefined> {
  if (record === undefined || record === null) return { state: undefined, problem: undefined };
  const read = readRecord(record);
  if (typeof read === "string") return { state: undefined, problem: read };
  const away = Math.max(0, wall - read.recordedAt);
  const left = read.remaining - away;
  return { state: left > 0 ? { on: read.on, until: now + left } : undefined, problem: undefined };
}

function readRecord(record: unknown): OverrideRecord | string {
  const fields = fieldsOf(record);
  if (!fields) return refusal("override record", record, "an object or null");
  const { on, remaining, recordedAt } = fields;
  if (typeof on !== "boolean") return refusal("override record, on", on, "true or false");
  if (!isDuration(remaining) || remaining > LONGEST_OVERRIDE) {
    const allowed = `milliseconds, 0 to ${LONGEST_OVERRIDE} (seven days)`;
    return refusal("override record, remaining", remaining, allowed);
  }
  if (!isDuration(recordedAt)) {
    return refusal("override record, recordedAt", recordedAt, "milliseconds since 1970");
  }
  return { on, remaining, recordedAt };
}
