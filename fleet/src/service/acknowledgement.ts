import { setTimeout as delay } from "node:timers/promises";
import type { DeviceTwin, JsonValue, Service } from "./service.ts";

/** What a device has said about one desired property (IoT Plug and Play: `ac`, `av`, `ad` and the value in force). */
export interface Acknowledgement {
  key: string;
  /** True for `ac` 200 to 299. */
  accepted: boolean;
  /** True if the key is no longer desired, so that the device has its own value. */
  removed: boolean;
  /** In force; undefined if the device does not report it. */
  value: JsonValue | undefined;
  /** `ad`; empty if the device gave none. */
  reason: string;
}

export interface AckOutcome {
  acknowledged: Acknowledgement[];
  /** Keys that the device has not yet answered to. */
  missing: string[];
  /** False if the hub says that the device is not connected. */
  connected: boolean;
}

const POLL_EVERY = 250;

/**
 * Waits until the device has acknowledged `keys` of the desired version that `updated` holds, is seen to be offline, or
 * `within` milliseconds are over.
 */
export async function waitForAcknowledgement(
  service: Service,
  updated: DeviceTwin,
  keys: string[],
  within: number,
): Promise<AckOutcome> {
  const version = Number(updated.desired.$version);
  const end = performance.now() + within;
  for (;;) {
    const twin = await service.getTwin(updated.deviceId);
    const acknowledged = keys.flatMap((key) => acknowledgementOf(twin, key, version) ?? []);
    const missing = keys.filter((key) => !acknowledged.some((item) => item.key === key));
    if (missing.length === 0 || !twin.connected || performance.now() >= end) {
      return { acknowledged, missing, connected: twin.connected };
    }
    await delay(POLL_EVERY);
  }
}

function acknowledgementOf(twin: DeviceTwin, key: string, version: number): Acknowledgement | undefined {
  const removed = !Object.hasOwn(twin.desired, key);
  const reported = twin.reported[key];
  if (removed && reported === undefined)
    return { key, accepted: true, removed, value: undefined, reason: "" };
  if (typeof reported !== "object" || reported === null || Array.isArray(reported)) return undefined;
  const { ac, av, ad, value } = reported;
  if (typeof ac !== "number" || typeof av !== "number") return undefined;
  // IoT Plug and Play has 203 and version 0 for a value that the device has chosen itself.
  const isOwn = removed && ac === 203 && av === 0;
  // A later version counts too: somebody else may have written in between.
  if (av < version && !isOwn) return undefined;
  const reason = typeof ad === "string" ? ad : "";
  return { key, accepted: ac >= 200 && ac < 300, removed, value: value ?? null, reason };
}
