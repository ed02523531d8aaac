import { setTimeout as delay } from "node:timers/promises";
import type { DeviceTwin, JsonValue, Service } from "./service.ts";

/** What a device has said about one desired property (IoT Plug and Play: `ac`, `av`, `ad` and the value in force). */
export interface Acknowledgement {
  key: string;
  /** True for `ac` 200 to 299. */
  accepted: boolean;
  value: JsonValue;
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
  const reported = twin.reported[key];
  if (typeof reported !== "object" || reported === null || Array.isArray(reported)) return undefined;
  const { ac, av, ad, value } = reported;
  // A later version counts too: somebody else may have written in between.
  if (typeof ac !== "number" || typeof av !== "number" || av < version) return undefined;
  return {
    key,
    accepted: ac >= 200 && ac < 300,
    value: value ?? null,
    reason: typeof ad === "string" ? ad : "",
  };
}
