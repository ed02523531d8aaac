import { isAgentError } from "../errors.ts";
import { type BackoffBounds, fullJitter } from "../lib/backoff.ts";
import type { ConnectionState } from "./hub.ts";

/** How long to wait, milliseconds. */
export interface RetryLimits {
  /** After a network failure or a lost connection. */
  network: BackoffBounds;
  /** After the DPS or the hub has answered with a failure. Azure asks for 5 s or more. */
  service: BackoffBounds;
  /** While the registration is disabled: a person has to act first. */
  disabled: number;
}

export interface Retry {
  state: Extract<ConnectionState, "backing-off" | "disabled" | "waiting-for-clock">;
  /** Milliseconds; for the clock, at most. */
  wait: number;
  /** The cached assignment is no longer to be trusted. */
  askDps: boolean;
}

/** What has gone wrong since the session was last online. */
export interface History {
  /** Failures in a row, this one included; 0 for the loss of a sound connection. */
  failures: number;
  /** The assignment is fresh: the DPS gave it since the session was last online. */
  assignedAnew: boolean;
}

const FAILURES_UNTIL_DPS = 10;
const CLOCK_WAIT = 60_000;

/**
 * Azure's rules for coming back (https://learn.microsoft.com/azure/iot-dps/concepts-deploy-at-scale): a hub that itself
 * refuses sends the device to the DPS at once, ten failures in a row do so too, retry-after is honoured, and everything
 * is jittered. A hub that refuses although the DPS has just named it is not asked about again before the tenth failure.
 */
export function planRetry(
  error: unknown,
  history: History,
  limits: RetryLimits,
  random: () => number,
): Retry {
  const code = isAgentError(error) ? error.code : "";
  const isTenth = history.failures > 0 && history.failures % FAILURES_UNTIL_DPS === 0;
  const askDps = isTenth || (code === "HUB_REFUSED" && !history.assignedAnew);
  if (code === "DPS_DISABLED") {
    return { state: "disabled", wait: limits.disabled * (1 + random() / 10), askDps: true };
  }
  if (code === "CLOCK_BEHIND") return { state: "waiting-for-clock", wait: CLOCK_WAIT, askDps: false };
  const isService = /^(DPS|HUB)_(?!UNREACHABLE|LOST|TIMEOUT|OFFLINE)/.test(code);
  const bounds = isService ? limits.service : limits.network;
  const asked = isAgentError(error) ? (error.retryAfter ?? 0) : 0;
  const own = fullJitter(Math.max(1, history.failures), bounds, random);
  // Jitter on top of what was asked for: a throttled fleet must not come back in one wave.
  const wait = asked > 0 ? Math.max(asked + random() * bounds.base, own) : own;
  return { state: "backing-off", wait, askDps };
}
