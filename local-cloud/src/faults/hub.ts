import type { Lines } from "../mqtt/lines.ts";
import { type Counted, spend, stillActive } from "./counted.ts";
import type { ConnackCode } from "./dps.ts";
import { createLineFaults, type LineFaults } from "./line.ts";
import { createMeter, type Meter, type RateLimit, type ThrottleCounts } from "./rate.ts";

/** A count of times that is left out means: until `clear`. */
export interface HubFaults extends LineFaults {
  /** This CONNACK code for the next `times` devices that connect. */
  refuse(returnCode: ConnackCode, times?: number): void;
  /** Takes messages in and sends no PUBACK. */
  withholdPubacks(on?: boolean): void;
  /** Sends every PUBACK twice. */
  duplicatePubacks(on?: boolean): void;
  /** Sends every PUBACK so much later, milliseconds; 0 ends it. Other answers come in time. */
  delayPubacks(milliseconds: number): void;
  /** Withholds every PUBACK until the device has connected anew, and sends it on the new connection. */
  pubacksAfterReconnect(on?: boolean): void;
  /** Takes the next `times` messages in and resets the connection before it acknowledges them. */
  loseConnectionBeforePuback(times?: number): void;
  /** Ends the connection over each of the next `times` messages, and does not take them in. */
  rejectMessages(times?: number): void;
  /**
   * Throttles telemetry as Azure does, over all devices of the hub; 0 ends it.
   * `burst` and `queue` (messages) default to what comes in one second.
   */
  throttle(messagesPerSecond: number, burst?: number, queue?: number): void;
  /** Since `throttle` was called. */
  throttleCounts(): ThrottleCounts;
  /** Answers GET of the twin with what is no JSON. */
  junkTwin(on?: boolean): void;
  /** Takes twin requests and never answers them. */
  twinNeverAnswers(on?: boolean): void;
}

export type PubackFault = "withhold" | "twice" | "afterReconnect" | { milliseconds: number };
export type MessageFault = "reject" | "loseConnection" | { milliseconds: number };
export type TwinFault = "junk" | "silence";

export interface HubFaultSwitches {
  readonly faults: HubFaults;
  /** CONNACK code for who connects now; undefined lets it in. */
  refusal(): ConnackCode | undefined;
  /** What the next message meets; it uses up a fault that is counted. */
  nextMessage(): MessageFault | undefined;
  puback(): PubackFault | undefined;
  twin(): TwinFault | undefined;
  active(): object;
  clear(): void;
}

interface HubFaultState {
  refuse?: Counted & { returnCode: ConnackCode };
  pubacks?: PubackFault | undefined;
  loseConnectionBeforePuback?: Counted;
  rejectMessages?: Counted;
  throttle?: RateLimit | undefined;
  twin?: TwinFault | undefined;
}

const NO_COUNTS: ThrottleCounts = { passed: 0, delayed: 0, refused: 0 };

export function createHubFaults(lines: Lines): HubFaultSwitches {
  const line = createLineFaults(lines);
  let state: HubFaultState = {};
  let meter: Meter | undefined;
  return {
    faults: {
      ...line.faults,
      ...messageSwitches(() => state),
      refuse(returnCode, times) {
        state.refuse = { returnCode, times };
      },
      throttle(messagesPerSecond, burst = messagesPerSecond, queue = messagesPerSecond) {
        meter = messagesPerSecond > 0 ? createMeter({ messagesPerSecond, burst, queue }) : undefined;
        state.throttle = meter?.limit;
      },
      throttleCounts: () => meter?.counts() ?? { ...NO_COUNTS },
    },
    refusal: () => (spend(state.refuse) ? state.refuse?.returnCode : undefined),
    nextMessage() {
      if (spend(state.rejectMessages)) return "reject";
      if (spend(state.loseConnectionBeforePuback)) return "loseConnection";
      const wait = meter ? meter.next(performance.now()) : 0;
      if (wait === undefined) return "reject";
      return wait > 0 ? { milliseconds: wait } : undefined;
    },
    puback: () => state.pubacks,
    twin: () => state.twin,
    active: () => ({ ...stillActive(state), ...stillActive(line.active()) }),
    clear() {
      state = {};
      meter = undefined;
      line.clear();
    },
  };
}

/** The switches that set one field; of those about PUBACKs, and about twins, the last one counts. */
function messageSwitches(state: () => HubFaultState) {
  const pubacks = (fault: PubackFault | undefined) => {
    state().pubacks = fault;
  };
  const twin = (fault: TwinFault | undefined) => {
    state().twin = fault;
  };
  return {
    withholdPubacks: (on = true) => pubacks(on ? "withhold" : undefined),
    duplicatePubacks: (on = true) => pubacks(on ? "twice" : undefined),
    delayPubacks: (milliseconds: number) => pubacks(milliseconds > 0 ? { milliseconds } : undefined),
    pubacksAfterReconnect: (on = true) => pubacks(on ? "afterReconnect" : undefined),
    junkTwin: (on = true) => twin(on ? "junk" : undefined),
    twinNeverAnswers: (on = true) => twin(on ? "silence" : undefined),
    loseConnectionBeforePuback(times = 1) {
      state().loseConnectionBeforePuback = { times };
    },
    rejectMessages(times?: number) {
      state().rejectMessages = { times };
    },
  };
}
