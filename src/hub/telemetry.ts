import { type Now, type Sample, takenAt } from "../cave/sample.ts";
import { AgentError } from "../errors.ts";
import type { Entry } from "../outbox/outbox.ts";
import type { TelemetryMessage } from "./hub.ts";

/** Milliseconds after which a message that is sent is no longer news. */
const HISTORICAL_AFTER = 60_000;

/**
 * The telemetry contract: one message a sample. `fanAlert` is always there, the others only when true, so that a hub
 * route such as `temperatureAlert = "true"` is enough; `simulated` only when it is, `historical` only on what waited for
 * more than a minute, `quality` only when the reading is doubtful. Throws an AgentError, `SAMPLE_UNUSABLE`, for what came
 * back from the disk sound, but is no sample: another version may have kept it.
 */
export function toTelemetry(deviceId: string, entry: Entry<unknown>, now: Now): TelemetryMessage {
  const { sequence, payload: sample } = entry;
  if (!isSample(sample)) throw unusable(sequence);
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

function isSample(payload: unknown): payload is Sample {
  const { temperature, humidity, sampledAt, monotonic, alerts } = Object(payload) as Partial<Sample>;
  return (
    [temperature, humidity, sampledAt, monotonic].every(Number.isFinite) && typeof alerts?.fan === "boolean"
  );
}

function unusable(sequence: number): AgentError {
  return new AgentError(`what is kept as sample ${sequence} is none`, {
    code: "SAMPLE_UNUSABLE",
    retryable: false,
    remedy:
      "If this repeats, report this fault with the log: the version of the agent has changed, or its files.",
  });
}
