import type { ReceivedMessage } from "../api.ts";
import type { Publication } from "../mqtt/broker.ts";
import { parsePropertyBag } from "../mqtt/topics.ts";

// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-messages-construct#system-properties-of-d2c-iot-hub-messages
const SYSTEM_PROPERTIES = new Map<string, Exclude<keyof ReceivedMessage, "properties" | "sequenceNumber">>([
  ["$.mid", "messageId"],
  ["$.cid", "correlationId"],
  ["$.uid", "userId"],
  ["$.ct", "contentType"],
  ["$.ce", "contentEncoding"],
  ["$.ctime", "creationTimeUtc"],
  ["iothub-creation-time-utc", "creationTimeUtc"],
  ["$.sub", "componentName"],
]);
const LARGEST_MESSAGE = 256 * 1024;

/** Reads a device-to-cloud message from its topic and payload; a text says why it cannot be taken. */
export function readMessage(
  deviceId: string,
  bag: string,
  { payload, retain, isWill }: Publication,
  now: Date,
): Omit<ReceivedMessage, "sequenceNumber"> | string {
  const all = parsePropertyBag(bag);
  if (!all) return "the property bag is not URL-encoded";
  const size = payload.length + Buffer.byteLength(bag);
  if (size > LARGEST_MESSAGE) return `message has ${size} bytes, ${LARGEST_MESSAGE} are allowed`;
  if (retain) all.set("mqtt-retain", "true");
  if (isWill) all.set("iothub-MessageType", "Will");
  const system: Partial<Record<string, string>> = {};
  const properties: [string, string][] = [];
  for (const [key, value] of all) {
    const name = SYSTEM_PROPERTIES.get(key);
    if (name) system[name] = value;
    else properties.push([key, value]);
  }
  return {
    deviceId,
    enqueuedTimeUtc: now.toISOString(),
    ...system,
    properties: Object.fromEntries(properties),
    body: payload.toString("utf8"),
  };
}
