import type { Sample } from "../cave/sample.ts";
import type { Entry } from "../outbox/outbox.ts";
import type { TelemetryMessage } from "./hub.ts";

const twoDecimals = (value: number) => Math.round(value * 100) / 100;

/**
 * The telemetry contract: one message a sample. `fanAlert` is always there, the others only when true, so that a hub
 * route such as `temperatureAlert = "true"` is enough; `simulated` only when it is.
 */
export function toTelemetry(deviceId: string, entry: Entry<Sample>): TelemetryMessage {
  const { sequence, payload: sample } = entry;
  return {
    messageId: `${deviceId}-${sequence}`,
    createdAt: sample.sampledAt,
    body: JSON.stringify({
      temperature: twoDecimals(sample.temperature),
      humidity: twoDecimals(sample.humidity),
      source: sample.source,
      sequence,
    }),
    properties: {
      fanAlert: String(sample.alerts.fan),
      ...(sample.alerts.temperature && { temperatureAlert: "true" }),
      ...(sample.alerts.humidity && { humidityAlert: "true" }),
      ...(sample.source === "simulated" && { simulated: "true" }),
    },
  };
}
