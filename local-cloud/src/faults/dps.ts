import type { Lines } from "../mqtt/lines.ts";
import { type Counted, spend, stillActive } from "./counted.ts";
import { createLineFaults, type LineFaults } from "./line.ts";

export interface DpsFaults extends LineFaults {
  /** Answers the next `times` registrations and polls with 429 and `retry-after` (s). */
  throttle(times: number, retryAfter?: number): void;
  /** Takes requests and never answers them. */
  neverAnswer(on?: boolean): void;
  /** Answers every poll with 202 `assigning`. */
  pollForEver(on?: boolean): void;
  /** Answers the next `times` requests with this status (default 500) and error code (default the status × 1000). */
  fail(times: number, status?: number, errorCode?: number): void;
  /** Answers with what is no JSON. */
  junk(on?: boolean): void;
  /** CONNACK 3 (server unavailable, the default) or another code for the next `times` that connect. */
  refuseConnections(returnCode?: ConnackCode, times?: number): void;
}

/** MQTT 3.1.1, 3.2.2.3: protocol version, identifier, server unavailable, user name or password, not authorized. */
export type ConnackCode = 1 | 2 | 3 | 4 | 5;

export type DpsFault =
  | { kind: "silence" }
  | { kind: "junk" }
  | { kind: "assigning" }
  | { kind: "throttle"; retryAfter: number }
  | { kind: "failure"; status: number; errorCode: number };

export interface DpsFaultState {
  throttle?: Counted & { retryAfter: number };
  fail?: Counted & { status: number; errorCode: number };
  refuseConnections?: Counted & { returnCode: ConnackCode };
  neverAnswer?: boolean | undefined;
  pollForEver?: boolean | undefined;
  junk?: boolean | undefined;
}

export interface DpsFaultSwitches {
  readonly faults: DpsFaults;
  /** CONNACK code for who connects now; undefined lets it in. */
  refusal(): ConnackCode | undefined;
  /** What the next request meets; it uses up a fault that is counted. */
  next(request: "register" | "poll"): DpsFault | undefined;
  active(): object;
  clear(): void;
}

export function createDpsFaults(lines: Lines): DpsFaultSwitches {
  const line = createLineFaults(lines);
  let state: DpsFaultState = {};
  return {
    faults: {
      ...line.faults,
      throttle(times, retryAfter = 1) {
        state.throttle = { times, retryAfter };
      },
      neverAnswer(on = true) {
        state.neverAnswer = on || undefined;
      },
      pollForEver(on = true) {
        state.pollForEver = on || undefined;
      },
      fail(times, status = 500, errorCode = status * 1000) {
        state.fail = { times, status, errorCode };
      },
      junk(on = true) {
        state.junk = on || undefined;
      },
      refuseConnections(returnCode = 3, times) {
        state.refuseConnections = { returnCode, times };
      },
    },
    refusal: () => (spend(state.refuseConnections) ? state.refuseConnections?.returnCode : undefined),
    next: (request) => nextFault(state, request),
    active: () => ({ ...stillActive(state), ...stillActive(line.active()) }),
    clear() {
      state = {};
      line.clear();
    },
  };
}

function nextFault(state: DpsFaultState, request: "register" | "poll"): DpsFault | undefined {
  const { throttle, fail } = state;
  if (state.neverAnswer) return { kind: "silence" };
  if (throttle && spend(throttle)) return { kind: "throttle", retryAfter: throttle.retryAfter };
  if (fail && spend(fail)) return { kind: "failure", status: fail.status, errorCode: fail.errorCode };
  if (state.junk) return { kind: "junk" };
  return state.pollForEver && request === "poll" ? { kind: "assigning" } : undefined;
}
