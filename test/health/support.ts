import type { ControlState } from "#agent/control/state.js";
import type { HealthDocument } from "#agent/health/document.js";
import type { Fault } from "#agent/health/status.js";
import { SETTINGS } from "../support/cave.js";

/** What has not failed says so. */
export const SOUND: Fault = { fault: null, code: null, remedy: null };

/** What a healthy simulated cave says of itself, with `changes`. */
export function healthDocument(changes: Partial<HealthDocument> = {}): HealthDocument {
  return {
    deviceId: "cave-01",
    agent: { version: "0.2.0", node: "20.19.0", startedAt: "2026-03-01T00:00:00.000Z", uptime: 93_784 },
    connection: {
      state: "online",
      cause: "connected to hub.example",
      code: null,
      remedy: null,
      since: "2026-03-01T00:00:02.000Z",
      retryAt: null,
      hub: "hub.example",
      connects: 3,
      losses: 0,
    },
    sensor: { source: "simulated", state: "ok", quality: "good", ...SOUND },
    reading: { temperature: 12.26, humidity: 90.44, source: "simulated", readAt: "2026-03-02T02:03:04.500Z" },
    fan: {
      state: "on",
      reason: "too-warm",
      driver: "simulated",
      detail: "the sensor is simulated",
      line: null,
      feedbackLine: null,
      ...SOUND,
      wanted: "on",
      overrideUntil: null,
      heldUntil: null,
      heldBecause: null,
    },
    settings: SETTINGS,
    alerts: { fan: false, temperature: true, humidity: false },
    outbox: { taken: 20, acknowledged: 15, waiting: 3, dropped: 2, lastSequence: 20 },
    conditions: [],
    ...changes,
  };
}

/** A cave in which all is well. */
export const CONTROL: ControlState = {
  fan: "off",
  fanFault: undefined,
  reason: "in-band",
  wanted: false,
  overrideUntil: undefined,
  held: undefined,
  sensor: "ok",
  fault: undefined,
  quality: "good",
  noEffect: false,
  reading: undefined,
  alerts: { fan: false, temperature: false, humidity: false },
};
