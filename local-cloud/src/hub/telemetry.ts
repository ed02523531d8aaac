import type { ReceivedMessage, TelemetryCounts } from "../api.ts";
import { createMessageIds, type MessageIds } from "./message-ids.ts";

export interface Telemetry {
  add(message: Omit<ReceivedMessage, "sequenceNumber">): void;
  onMessage(listener: (message: ReceivedMessage) => void): () => void;
  /** Oldest first; `after` is a sequence number. */
  messages(deviceId?: string, after?: number): ReceivedMessage[];
  counts(deviceId?: string): TelemetryCounts;
  lastSequenceNumber(): number;
}

interface DeviceCount {
  received: number;
  withoutMessageId: number;
  ids: MessageIds;
}

/** The newest `capacity` messages of all devices, and counters that forget nothing. */
export function createTelemetry(capacity = 10_000): Telemetry {
  const kept: ReceivedMessage[] = [];
  const counters = new Map<string, DeviceCount>();
  const listeners = new Set<(message: ReceivedMessage) => void>();
  let last = 0;
  return {
    add(received) {
      last += 1;
      const message = { ...received, sequenceNumber: last };
      kept[(last - 1) % capacity] = message;
      count(counters, message);
      for (const listener of listeners) listener(message);
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    messages(deviceId, after = 0) {
      const start = last % capacity;
      const ordered = last > capacity ? [...kept.slice(start), ...kept.slice(0, start)] : kept;
      return ordered.filter(
        (message) =>
          message.sequenceNumber > after && (deviceId === undefined || message.deviceId === deviceId),
      );
    },
    counts(deviceId) {
      const chosen = deviceId === undefined ? [...counters.values()] : [counters.get(deviceId)];
      const sum: TelemetryCounts = { received: 0, unique: 0, withoutMessageId: 0 };
      for (const counter of chosen) {
        sum.received += counter?.received ?? 0;
        sum.unique += counter?.ids.count() ?? 0;
        sum.withoutMessageId += counter?.withoutMessageId ?? 0;
      }
      return sum;
    },
    lastSequenceNumber: () => last,
  };
}

function count(counters: Map<string, DeviceCount>, { deviceId, messageId }: ReceivedMessage): void {
  let counter = counters.get(deviceId);
  if (!counter) {
    counter = { received: 0, withoutMessageId: 0, ids: createMessageIds() };
    counters.set(deviceId, counter);
  }
  counter.received += 1;
  if (messageId === undefined) counter.withoutMessageId += 1;
  else counter.ids.add(messageId);
}
