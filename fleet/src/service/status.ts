import type { JsonValue } from "./service.ts";

/** The fields of the agent's `GetStatus` answer that this tool shows. */
export interface CaveStatus {
  connection: { state: string };
  /** °C and %RH; null before the first. `source` is `simulated` when nothing was measured. */
  reading: { temperature: number; humidity: number; source: string } | null;
  sensor: { state: string };
  fan: { state: string; reason: string };
  outbox: { taken: number; acknowledged: number; waiting: number; dropped: number };
}

/** The status in `payload`, or undefined if a field that is shown is missing or of another type. */
export function parseStatus(payload: JsonValue): CaveStatus | undefined {
  const status = section(payload);
  const [connection, sensor, fan] = ["connection", "sensor", "fan"].map((key) => section(status?.[key]));
  const reading = status?.reading === null ? null : parseReading(status?.reading);
  const counts = parseCounts(status?.outbox);
  if (reading === undefined || counts === undefined) return undefined;
  if (!isText(connection?.state) || !isText(sensor?.state)) return undefined;
  if (!isText(fan?.state) || !isText(fan.reason)) return undefined;
  return {
    connection: { state: connection.state },
    reading,
    sensor: { state: sensor.state },
    fan: { state: fan.state, reason: fan.reason },
    outbox: counts,
  };
}

function parseReading(value: JsonValue | undefined): CaveStatus["reading"] | undefined {
  const reading = section(value);
  if (!isNumber(reading?.temperature) || !isNumber(reading.humidity) || !isText(reading.source))
    return undefined;
  return { temperature: reading.temperature, humidity: reading.humidity, source: reading.source };
}

/** The counts of an outbox, as `GetStatus` and the agent's `stopped` event give them. */
export function parseCounts(value: JsonValue | undefined): CaveStatus["outbox"] | undefined {
  const outbox = section(value);
  if (!isNumber(outbox?.taken) || !isNumber(outbox.acknowledged)) return undefined;
  if (!isNumber(outbox.waiting) || !isNumber(outbox.dropped)) return undefined;
  const { taken, acknowledged, waiting, dropped } = outbox;
  return { taken, acknowledged, waiting, dropped };
}

function section(value: JsonValue | undefined): Record<string, JsonValue | undefined> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === "string";
}

function isNumber(value: JsonValue | undefined): value is number {
  return typeof value === "number";
}
