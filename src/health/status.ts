import type { FanReason } from "../cave/controller.ts";
import type { Quality } from "../cave/quality.ts";
import type { Sample } from "../cave/sample.ts";
import type { Settings } from "../cave/settings.ts";
import type { ControlState } from "../control.ts";
import type { FanDescription, FanState } from "../fan/fan.ts";
import type { ConnectionState } from "../hub/hub.ts";
import { VERSION } from "../lib/package.ts";
import type { OutboxCounts } from "../outbox/outbox.ts";
import type { SensorDescription } from "../sensor/sensor.ts";

/** What `GetStatus` answers: the state of one cave at one moment. Times are ISO 8601 in UTC. */
export interface StatusDocument {
  deviceId: string;
  agent: { version: string; node: string; startedAt: string /** Seconds. */; uptime: number };
  connection: { state: ConnectionState; cause: string; since: string; hub: string | null; connects: number };
  sensor: SensorDescription & { state: "ok" | "failed" | "stale"; quality: Quality; fault: string | null };
  /** The newest reading; null before the first. °C and %RH, two decimals. */
  reading: { temperature: number; humidity: number; source: Sample["source"]; readAt: string } | null;
  fan: FanDescription & {
    state: FanState;
    reason: FanReason;
    overrideUntil: string | null;
    heldUntil: string | null;
  };
  settings: Settings;
  alerts: Sample["alerts"];
  outbox: OutboxCounts;
}

/** What a status document is made of. Times in milliseconds since 1970. */
export interface StatusParts {
  deviceId: string;
  now: number;
  /** Milliseconds since the start. */
  uptime: number;
  connection: StatusDocument["connection"];
  sensor: SensorDescription;
  fan: FanDescription;
  control: ControlState;
  settings: Settings;
  outbox: OutboxCounts;
}

const iso = (time: number) => new Date(time).toISOString();

export function describeStatus(parts: StatusParts): StatusDocument {
  const { control } = parts;
  return {
    deviceId: parts.deviceId,
    agent: {
      version: VERSION,
      node: process.versions.node,
      startedAt: iso(parts.now - parts.uptime),
      uptime: Math.round(parts.uptime / 1000),
    },
    connection: parts.connection,
    sensor: {
      ...parts.sensor,
      state: control.sensor,
      quality: control.quality,
      fault: control.fault ?? null,
    },
    reading: control.reading
      ? {
          temperature: control.reading.temperature,
          humidity: control.reading.humidity,
          source: control.reading.source,
          readAt: iso(control.reading.readAt),
        }
      : null,
    fan: {
      ...parts.fan,
      state: control.fan,
      fault: parts.fan.fault ?? control.fanFault ?? null,
      reason: control.reason,
      overrideUntil: control.overrideUntil === undefined ? null : iso(control.overrideUntil),
      heldUntil: control.held === undefined ? null : iso(control.held.until),
    },
    settings: parts.settings,
    alerts: control.alerts,
    outbox: parts.outbox,
  };
}
