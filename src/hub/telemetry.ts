import { type Now, type Sample, takenAt } from "../cave/sample.ts";
import type { Entry } from "../outbox/outbox.ts";
import type { TelemetryMessage } from "./hub.ts";

/** Milliseconds after which a message that is sent is no longer news. */
const HISTORICAL_AFTER = 60_000;

/**
 * The telemetry contract: one message a sample. `fanAlert` is always there, the others only when true, so that a hub
 * route such as `temperatureAlert = "true"` is enough; `simulated` only when it is, `historical` only on what waited for
 * more than a minute, `quality` only when the reading is doubtful.
 */
export function toTelemetry(deviceId: string, entry: Entry<Sample>, now: Now): TelemetryMessage {
  const { sequence, payload: sample } = entry;
  const createdAt = Math.round(takenAt(sample, now));
  return {
    messageId: `${deviceId}-${sequence}`,
    createdAt,
    body: JSON.stringify({
      temperature: sample.temperature,
      humidity: sample.humidity,
      source: sample.source,
      sequence,
    }),
    properties: {
      fanAlert: String(sample.alerts.fan),
      ...(sample.alerts.temperature && { temperatureAlert: "true" }),
      ...(sample.alerts.humidity && { humidityAlert: "true" }),
      ...(sample.source === "simulated" && { simulated: "true" }),
      ...(sample.quality !== "good" && { quality: sample.quality }),
      ...(now.wall - createdAt > HISTORICAL_AFTER && { historical: "true" }),
    },
  };
}
