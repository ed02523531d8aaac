import type { Reading } from "../sensor/sensor.ts";
import type { Alerts } from "./alerts.ts";

/**
 * A reading that was kept: it has a time and what was known about the cave when it was taken.
 * The outbox gives it its sequence number; from then on it is the cloud's by right.
 */
export interface Sample extends Reading {
  /** Wall clock when the sensor was read, milliseconds since 1970. */
  sampledAt: number;
  alerts: Alerts;
}
