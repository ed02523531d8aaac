import { type Air, isValidAir } from "./air.ts";

/**
 * What a reading is worth. Only `good` may drive the fan (see `drivesControl`); the others are kept, sent and shown.
 *
 * | quality | what was seen | why the fan does not follow it |
 * |---|---|---|
 * | `good` | in range, near the last good reading, alive | it does |
 * | `missing` | no reading | there is nothing to follow |
 * | `range` | outside what the sensor can measure, or what is plausible in this cave | it is not the cave's air |
 * | `jump` | faster than air changes, and not yet confirmed | one wrong value must not switch the fan |
 * | `heated` | the sensor's heater is on, or it has not cooled | it is the sensor's warmth, not the cave's |
 * | `stuck` | both values exactly unchanged for `stuckAfter` | a frozen "too warm" would cool for ever |
 *
 * `stuck` is not followed, although the value may be right: a live SHT31 never repeats itself for long (repeatability
 * 0.04 °C and 0.08 %RH, SHT3x-DIS datasheet v5, tables 1 and 2), so a frozen one says nothing about the air of now.
 */
export type Quality = (typeof QUALITIES)[number];

export const QUALITIES = ["good", "missing", "range", "heated", "jump", "stuck"] as const;

/** A reading as it is judged. */
export interface Measured extends Air {
  /** The sensor was warm of its own heater. */
  readonly heated?: true;
}

export interface QuantityLimits {
  /** Least and greatest value that is plausible here; the sensor's own range holds besides. */
  readonly minimum: number;
  readonly maximum: number;
  /** Fastest plausible change, °C/s or %RH/s. */
  readonly perSecond: number;
}

/** Durations in milliseconds. */
export interface QualityLimits {
  /** °C */
  readonly temperature: QuantityLimits;
  /** %RH */
  readonly humidity: QuantityLimits;
  /**
   * When a new level is believed after a jump: with so many readings in a row that agree with each other (≥ 2), or
   * with two once the level has stood for so long, whichever comes first.
   */
  readonly believeAfter: { readonly readings: number; readonly time: number };
  /** Both values exactly unchanged for so long: `stuck`. `Infinity` turns the test off. */
  readonly stuckAfter: number;
  /** No good reading for longer than this: stale. */
  readonly staleAfter: number;
}

/** What is remembered of earlier readings. Times are `clock.monotonic()` milliseconds. */
export interface QualityState {
  readonly startedAt: number;
  /** The last good reading. */
  readonly good: { readonly air: Air; readonly at: number } | undefined;
  /** Readings away from `good` that agree with each other; `air` and `at` are the newest one's. */
  readonly level: Row | undefined;
  /** Readings in range that are exactly the same. */
  readonly still: Row | undefined;
}

interface Row {
  readonly air: Air;
  readonly at: number;
  readonly since: number;
  readonly readings: number;
}

export interface Judgement {
  readonly state: QualityState;
  readonly quality: Quality;
  /** No good reading for longer than `staleAfter`, counted from the start before the first one. */
  readonly stale: boolean;
}

/** Two measurements of the same air differ by noise, however short the time between them: °C and %RH. */
const NOISE: Air = { temperature: 0.2, humidity: 1 };

/** The plausible change grows no further: else a sensor that gives random numbers would be believed in the end. */
const LONGEST_GROWTH = 10_000;

/** Equal by chance after a long gap is no stuck sensor: so many in a row are. */
const STUCK_READINGS = 5;

export function initialQuality(now: number): QualityState {
  return { startedAt: now, good: undefined, level: undefined, still: undefined };
}

/** Whether a reading of this quality may be given to the controller. */
export function drivesControl(quality: Quality): boolean {
  return quality === "good";
}

/** Judges one reading; undefined if the sensor gave none. The first reading in range is believed at once. */
export function judge(
  state: QualityState,
  reading: Measured | undefined,
  limits: QualityLimits,
  now: number,
): Judgement {
  const judged = examine(state, reading, limits, now);
  const freshAt = judged.state.good?.at ?? judged.state.startedAt;
  return { ...judged, stale: now - freshAt > limits.staleAfter };
}

function examine(
  state: QualityState,
  reading: Measured | undefined,
  limits: QualityLimits,
  now: number,
): Omit<Judgement, "stale"> {
  if (reading === undefined) return { state, quality: "missing" };
  if (!isPlausible(reading, limits)) return { state, quality: "range" };
  if (reading.heated) return { state, quality: "heated" };
  const air: Air = { temperature: reading.temperature, humidity: reading.humidity };
  const still = lengthen(state.still, air, now, isSame(state.still?.air, air));
  const isJump = state.good !== undefined && !isNear(state.good, air, limits, now);
  const level = isJump ? lengthen(state.level, air, now, isNear(state.level, air, limits, now)) : undefined;
  const seen = { ...state, still, level };
  if (level && !isBelieved(level, limits)) return { state: seen, quality: "jump" };
  if (isStuck(still, limits)) return { state: seen, quality: "stuck" };
  return { state: { ...seen, level: undefined, good: { air, at: now } }, quality: "good" };
}

function isPlausible(air: Air, { temperature, humidity }: QualityLimits): boolean {
  return (
    isValidAir(air) &&
    air.temperature >= temperature.minimum &&
    air.temperature <= temperature.maximum &&
    air.humidity >= humidity.minimum &&
    air.humidity <= humidity.maximum
  );
}

function isNear(from: { air: Air; at: number } | undefined, to: Air, limits: QualityLimits, now: number) {
  if (!from) return false;
  const seconds = Math.min(Math.max(0, now - from.at), LONGEST_GROWTH) / 1000;
  const isNearIn = (key: keyof Air): boolean =>
    Math.abs(to[key] - from.air[key]) <= NOISE[key] + limits[key].perSecond * seconds;
  return isNearIn("temperature") && isNearIn("humidity");
}

function isSame(before: Air | undefined, air: Air): boolean {
  return before?.temperature === air.temperature && before.humidity === air.humidity;
}

function lengthen(row: Row | undefined, air: Air, now: number, fits: boolean): Row {
  return row && fits
    ? { air, at: now, since: row.since, readings: row.readings + 1 }
    : { air, at: now, since: now, readings: 1 };
}

function isBelieved({ readings, since, at }: Row, { believeAfter }: QualityLimits): boolean {
  return readings >= 2 && (readings >= believeAfter.readings || at - since >= believeAfter.time);
}

function isStuck({ readings, since, at }: Row, { stuckAfter }: QualityLimits): boolean {
  return readings >= STUCK_READINGS && at - since >= stuckAfter;
}
