import type { FeedbackKind } from "./fan.ts";

/** Whether the feedback and the newest command say the same; `waits` while it may still come to that. */
export type Verdict = "agrees" | "waits" | "disagrees";

/** Judges what an input tells of the fan. Pure, but for what it remembers; all times are monotonic milliseconds. */
export interface FeedbackJudge {
  /** The level was read. */
  level(active: boolean): void;
  /** The level has changed to this one. */
  edge(active: boolean, now: number): void;
  /** The fan was commanded: the time begins anew. */
  commanded(on: boolean, now: number): void;
  look(now: number): Verdict;
}

/** One pulse is what a relay's spark makes. */
const PULSES = 2;

/**
 * A contact says that the fan runs while it is active. A tachometer says so with two pulses within half of `within`, so
 * that a fan that stops has the other half to be seen at rest. A disagreement is one when it has lasted for `within`.
 */
export function createFeedbackJudge(kind: FeedbackKind, within: number): FeedbackJudge {
  let isActive = false;
  let pulses: number[] = [];
  let wanted: boolean | undefined;
  let agreedAt = 0;

  function isRunning(now: number): boolean {
    if (kind === "contact") return isActive;
    pulses = pulses.filter((at) => now - at < within / 2);
    return pulses.length >= PULSES;
  }

  return {
    level(active) {
      isActive = active;
    },
    edge(active, now) {
      isActive = active;
      if (active) pulses = [...pulses, now].slice(-PULSES);
    },
    commanded(on, now) {
      wanted = on;
      agreedAt = now;
    },
    look(now) {
      if (wanted === undefined || isRunning(now) === wanted) {
        agreedAt = now;
        return "agrees";
      }
      return now - agreedAt < within ? "waits" : "disagrees";
    },
  };
}
