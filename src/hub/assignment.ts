import { createHash } from "node:crypto";
import type { Assignment } from "./credentials.ts";

/** An assignment with what it was asked of whom: another DPS, scope or device makes it worthless. */
export interface KeptAssignment extends Assignment {
  /** SHA-256 of DPS host, ID scope and device id. */
  askedOf: string;
}

export function askedOf(dps: { host: string; idScope: string }, deviceId: string): string {
  return createHash("sha256")
    .update(JSON.stringify([dps.host, dps.idScope, deviceId]))
    .digest("hex");
}

/** The kept assignment in `content`; undefined if it is none. */
export function parseAssignment(content: unknown): KeptAssignment | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const { hub, deviceId, askedOf: asked } = content as Partial<Record<keyof KeptAssignment, unknown>>;
  const isText = [hub, deviceId, asked].every((value) => typeof value === "string" && value !== "");
  return isText ? (content as KeptAssignment) : undefined;
}
