import type { AgentError } from "../errors.ts";
import { CODES, type Code } from "./codes.ts";
import type { Conditions } from "./conditions.ts";
import type { StatusDocument } from "./status.ts";

/** What conditions are judged by; what is left out is not judged, and holds as it was. */
export interface Facts {
  status: Pick<StatusDocument, "connection" | "sensor" | "fan" | "outbox">;
  /** Milliseconds since 1970. */
  now: number;
  /** Milliseconds without a connection; a short while is no condition. Left out: long enough. */
  offlineFor?: number;
  /** Why the connection is thought to be lost again and again; null if it is not. */
  flapping?: string | null;
  certificate?: { notBefore: Date; notAfter: Date };
  /** Why the pair on disk would not get in (`CERTIFICATE_UNUSABLE`, `CERTIFICATE_REFUSED`); null if it would. */
  certificateTrouble?: Pick<AgentError, "code" | "message"> | null;
  /** Whether a time server has set the clock. */
  clockSynchronized?: boolean;
  /** Why it is stuck; null if it is not. */
  sensorStuck?: string | null;
  /** Why it is thought to have none; null if it has. */
  fanNoEffect?: string | null;
  /** Entries had to go for want of room, not long ago. */
  isDropping?: boolean;
}

/** A restart of the hub, or of the agent, is over by then. */
const OFFLINE_AFTER = 30_000;

/** What keeps the agent from the hub until a person acts. */
const BARRIERS = Object.keys(CODES).filter(
  (code): code is Code => /^(DPS|HUB)_/.test(code) && CODES[code as Code].severity === "error",
);

const DAY = 86_400_000;

/** The steps at which an expiry is told, nearest first. */
const EXPIRY_STEPS: readonly { within: number; code: Code }[] = [
  { within: 0, code: "CERTIFICATE_EXPIRED" },
  { within: 1, code: "CERTIFICATE_EXPIRES_WITHIN_1_DAY" },
  { within: 7, code: "CERTIFICATE_EXPIRES_WITHIN_7_DAYS" },
  { within: 30, code: "CERTIFICATE_EXPIRES_WITHIN_30_DAYS" },
];

/** The step that holds at `now`, milliseconds since 1970; undefined while the certificate lasts for longer. */
export function expiryCode(notAfter: Date, now: number): Code | undefined {
  return EXPIRY_STEPS.find(({ within }) => notAfter.getTime() - now <= within * DAY)?.code;
}

/** The cause of each condition that these facts can tell of, or null where it does not hold. Pure. */
export function judge(facts: Facts): Map<Code, string | null> {
  const { connection, sensor, fan } = facts.status;
  const found = new Map<Code, string | null>();
  const { state, cause, code } = connection;
  judgeBarriers(connection, found);
  const isBrief = (facts.offlineFor ?? OFFLINE_AFTER) < OFFLINE_AFTER;
  // An agent that stops says nothing any more of how it is connected.
  if (state !== "stopping") {
    const isHere = state === "online" || isBrief || code === "DPS_DISABLED";
    found.set("OFFLINE", isHere ? null : `${state}: ${cause}`);
  }
  found.set("SENSOR_FAULT", sensor.state === "failed" ? (sensor.fault ?? "no reading") : null);
  found.set("SENSOR_STALE", sensor.state === "stale" ? (sensor.fault ?? "no valid reading") : null);
  found.set("SENSOR_IMPLAUSIBLE", sensor.quality === "range" ? "the newest value is out of range" : null);
  // Until the first try to take it has ended, nothing is known of it, and nothing is wrong.
  found.set("FAN_FAILED", fan.state === "failed" ? fan.fault : null);
  if (facts.flapping !== undefined) found.set("HUB_FLAPPING", facts.flapping);
  if (facts.sensorStuck !== undefined) found.set("SENSOR_STUCK", facts.sensorStuck);
  if (facts.fanNoEffect !== undefined) found.set("FAN_NO_EFFECT", facts.fanNoEffect);
  if (facts.isDropping !== undefined) {
    const { dropped } = facts.status.outbox;
    found.set("OUTBOX_DROPPING", facts.isDropping ? `${dropped} dropped since the start` : null);
  }
  if (facts.clockSynchronized !== undefined) {
    found.set("CLOCK_UNSYNCHRONIZED", facts.clockSynchronized ? null : "no time server has answered yet");
  }
  if (facts.certificateTrouble !== undefined) {
    const { code, message } = facts.certificateTrouble ?? {};
    for (const trouble of ["CERTIFICATE_UNUSABLE", "CERTIFICATE_REFUSED"] as const) {
      found.set(trouble, (code === trouble && message) || null);
    }
  }
  if (facts.certificate) judgeCertificate(facts.certificate, facts.now, found);
  return found;
}

/** A try that is under way, or was stopped, has mended nothing yet. */
function judgeBarriers(
  { state, cause, code }: StatusDocument["connection"],
  found: Map<Code, string | null>,
): void {
  const isOpen = ["starting", "provisioning", "connecting", "stopping"].includes(state) && code === null;
  if (isOpen) return;
  for (const barrier of BARRIERS) found.set(barrier, barrier === code ? cause : null);
}

function judgeCertificate(
  { notBefore, notAfter }: { notBefore: Date; notAfter: Date },
  now: number,
  found: Map<Code, string | null>,
): void {
  const step = expiryCode(notAfter, now);
  for (const { code } of EXPIRY_STEPS) {
    found.set(code, code === step ? `valid until ${notAfter.toISOString()}` : null);
  }
  const isEarly = now < notBefore.getTime();
  found.set("CERTIFICATE_NOT_YET_VALID", isEarly ? `valid from ${notBefore.toISOString()} on` : null);
}

/** Raises what the facts show, then clears what they disprove: what gives way to something graver has not mended. */
export function observe(conditions: Pick<Conditions, "raise" | "clear">, facts: Facts): void {
  const judged = [...judge(facts)];
  for (const [code, cause] of judged) if (cause !== null) conditions.raise(code, cause);
  for (const [code, cause] of judged) if (cause === null) conditions.clear(code);
}
