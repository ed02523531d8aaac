import type { FanReason } from "../cave/controller.ts";
import type { GuardCause } from "../cave/guard.ts";
import type { Quality } from "../cave/quality.ts";
import type { Sample } from "../cave/sample.ts";
import type { Settings } from "../cave/settings.ts";
import type { ControlState } from "../control.ts";
import type { AgentError } from "../errors.ts";
import type { FanDescription, FanState } from "../fan/fan.ts";
import type { SessionDescription } from "../hub/session.ts";
import { VERSION } from "../lib/package.ts";
import type { OutboxCounts } from "../outbox/outbox.ts";
import type { SensorDescription } from "../sensor/sensor.ts";

/** Why something has failed, with the code of it and what to do; all are null if it has not. */
export interface Fault {
  fault: string | null;
  code: string | null;
  remedy: string | null;
}

/** What `GetStatus` answers: the state of one cave at one moment. Times are ISO 8601 in UTC. */
export interface StatusDocument {
  deviceId: string;
  agent: { version: string; node: string; startedAt: string /** Seconds. */; uptime: number };
  connection: SessionDescription;
  sensor: SensorDescription & Fault & { state: "ok" | "failed" | "stale"; quality: Quality };
  /** The newest reading; null before the first. °C and %RH, two decimals. */
  reading: { temperature: number; humidity: number; source: Sample["source"]; readAt: string } | null;
  fan: Omit<FanDescription, "fault"> &
    Fault & {
      state: FanState;
      reason: FanReason;
      /** What was decided, whether or not the fan may follow yet; null: it is to stay as it is. */
      wanted: "on" | "off" | null;
      overrideUntil: string | null;
      heldUntil: string | null;
      /** The limit that it waits for. */
      heldBecause: GuardCause | null;
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
  /** Why the fan could not be taken over at the start. */
  notTaken?: AgentError | undefined;
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
      ...describeFault(control.fault),
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
      ...describeFault(
        parts.fan.fault ?? control.fanFault ?? (control.fan === "failed" ? parts.notTaken : undefined),
      ),
      reason: control.reason,
      wanted: control.wanted === undefined ? null : control.wanted ? "on" : "off",
      overrideUntil: control.overrideUntil === undefined ? null : iso(control.overrideUntil),
      heldUntil: control.held === undefined ? null : iso(control.held.until),
      heldBecause: control.held?.cause ?? null,
    },
    settings: parts.settings,
    alerts: control.alerts,
    outbox: parts.outbox,
  };
}

function describeFault(error: AgentError | undefined): Fault {
  return { fault: error?.message ?? null, code: error?.code ?? null, remedy: error?.remedy ?? null };
}
