/** Switches that make the local cloud misbehave, one member a service; a test turns them, nothing else does. */
export interface Faults {
  readonly dps: DpsFaults;
  /** Back to good behaviour. */
  clear(): void;
}

export interface DpsFaults {
  /** Answers the next `times` registrations and polls with 429 and `retry-after` (s). */
  throttle(times: number, retryAfter?: number): void;
  /** Takes requests and never answers them, until told otherwise. */
  neverAnswer(on?: boolean): void;
}

export type DpsFault = { kind: "throttle"; retryAfter: number } | { kind: "silence" };

export interface FaultSwitches extends Faults {
  /** The fault that the next DPS request meets; a throttle is used up by it. */
  nextDpsFault(): DpsFault | undefined;
}

export function createFaults(): FaultSwitches {
  let throttled = { times: 0, retryAfter: 1 };
  let silent = false;
  return {
    dps: {
      throttle(times, retryAfter = 1) {
        throttled = { times, retryAfter };
      },
      neverAnswer(on = true) {
        silent = on;
      },
    },
    clear() {
      throttled = { times: 0, retryAfter: 1 };
      silent = false;
    },
    nextDpsFault() {
      if (silent) return { kind: "silence" };
      if (throttled.times <= 0) return undefined;
      throttled.times -= 1;
      return { kind: "throttle", retryAfter: throttled.retryAfter };
    },
  };
}
