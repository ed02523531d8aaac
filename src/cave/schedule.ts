import type { FanState } from "../fan/fan.ts";
import type { Alerts } from "./alerts.ts";

/** What makes a sample urgent when it is another than in the last one. */
export interface Notable {
  alerts: Alerts;
  fan: FanState;
}

/** When readings become samples. Times are `clock.monotonic()` milliseconds. */
export interface Schedule {
  /** Asked with each valid reading; "regular" and "urgent" count as taken. `interval` may change from call to call. */
  due(now: number, interval: number, notable: Notable): "no" | "regular" | "urgent";
  /** When the next regular sample is due. */
  next(interval: number): number;
}

/** Air at the edge of a band raises and clears an alert with every reading: no more urgent samples than this. */
const LEAST_URGENT_SPACING = 10_000;

/**
 * A regular sample every interval, and an urgent one between them when alerts or fan have changed since the last sample
 * that was sent. Urgent ones do not put off the regular ones. A change that comes too soon after the last urgent sample
 * is not lost: it is compared with what was sent, and goes out once the spacing has passed.
 */
export function createSchedule(): Schedule {
  let regularAt: number | undefined;
  let urgentAt = Number.NEGATIVE_INFINITY;
  let sent: string | undefined;

  return {
    due(now, interval, notable) {
      const summary = JSON.stringify(notable);
      const isChanged = sent !== undefined && summary !== sent;
      const isDue = regularAt === undefined || now >= regularAt + interval;
      const isUrgent = isChanged && now >= urgentAt + LEAST_URGENT_SPACING;
      if (!isDue && !isUrgent) return "no";
      sent = summary;
      // On the beat, unless the beat was missed.
      if (isDue)
        regularAt = regularAt === undefined || now >= regularAt + 2 * interval ? now : regularAt + interval;
      if (isChanged) urgentAt = now;
      return isChanged ? "urgent" : "regular";
    },
    next: (interval) => (regularAt === undefined ? Number.NEGATIVE_INFINITY : regularAt + interval),
  };
}
