import type { Clock } from "../lib/clock.ts";
import { createMoment } from "../lib/moment.ts";
import type { SensorDescription } from "../sensor/sensor.ts";
import type { Hub, JsonObject, JsonValue } from "./hub.ts";

/** The reported properties as they should be at the hub. */
export interface Reported {
  /** Sets top-level properties; null removes one. What is unchanged is not sent again. */
  set(properties: JsonObject): void;
  /** Sends what has changed, and everything after each reconnect; resolves once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** To be called at every connect: the hub may be another one. */
  resend(): void;
}

const PAUSE_AFTER_FAILURE = 2000;

/**
 * Keeps the whole reported section here and sends only the difference, several changes in one patch. A patch that
 * fails is merged back under what came later.
 */
export function createReported(hub: Hub, clock: Clock, onFailure: (error: unknown) => void): Reported {
  const current = new Map<string, JsonValue>();
  let pending = new Map<string, JsonValue>();
  const changed = createMoment();

  function set(properties: JsonObject): void {
    for (const [key, value] of Object.entries(properties)) {
      if (JSON.stringify(current.get(key) ?? null) === JSON.stringify(value)) continue;
      if (value === null) current.delete(key);
      else current.set(key, value);
      pending.set(key, value);
    }
    changed.come();
  }

  function resend(): void {
    pending = new Map([...pending, ...current]);
    changed.come();
  }

  async function send(signal: AbortSignal): Promise<void> {
    const patch = pending;
    pending = new Map();
    try {
      await hub.report(Object.fromEntries(patch), signal);
    } catch (error) {
      pending = new Map([...patch, ...pending]);
      if (signal.aborted) return;
      onFailure(error);
      await clock.sleep(PAUSE_AFTER_FAILURE, signal).catch(() => undefined);
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (pending.size === 0) await changed.wait(signal);
        await hub.waitUntilOnline(signal);
      } catch {
        return;
      }
      await send(signal);
    }
  }

  return { set, run, resend };
}

/** The property `sensor`: what changes with every reading is not for the twin. */
export function describeForTwin({ source, serial }: SensorDescription, state: string): JsonObject {
  // Null takes away what an earlier sensor has left there.
  return { source, serial: serial ?? null, state };
}
