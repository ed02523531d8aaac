import type { Reading } from "../sensor/sensor.ts";
import type { Alerts } from "./alerts.ts";
import type { Quality } from "./quality.ts";

/**
 * A reading that was kept: it has a time and what was known about the cave when it was taken.
 * The outbox gives it its sequence number; from then on it is the cloud's by right.
 */
export interface Sample extends Reading {
  /** Wall clock when the sensor was read, milliseconds since 1970. Wrong if the clock was not set yet. */
  sampledAt: number;
  /** The same moment on the monotonic clock of the run that took it, milliseconds. */
  monotonic: number;
  /** The run of the agent that took it. */
  run: string;
  quality: Quality;
  alerts: Alerts;
}

/** This run of the agent, and what its clocks say now. */
export interface Now {
  run: string;
  /** Milliseconds since 1970. */
  wall: number;
  /** Milliseconds. */
  monotonic: number;
}

/**
 * When a sample was really taken, milliseconds since 1970. As long as the run that took it lives, its age is known by the
 * monotonic clock, and a wall clock that has jumped into place since then puts its time right.
 */
export function takenAt(sample: Pick<Sample, "run" | "monotonic" | "sampledAt">, now: Now): number {
  return sample.run === now.run ? now.wall - (now.monotonic - sample.monotonic) : sample.sampledAt;
}
