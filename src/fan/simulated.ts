import { fanFailure } from "./failure.ts";
import type { Fan, FanState, SafeState } from "./fan.ts";

/** A fan that can be made to disobey. */
export interface SimulatedFan extends Fan {
  /** From now on `set` is refused, until `repair`. */
  breakDown(): void;
  /** `state()` stays `failed` until the next `set` shows that the fan obeys again. */
  repair(): void;
}

const REPAIR = "repair the simulated fan";

/** It starts as its safe state would leave it; off for `hold`. */
export function createSimulatedFan(options: { safeState: SafeState; why?: string }): SimulatedFan {
  const { safeState, why = "it is simulated" } = options;
  let state: FanState = safeState === "on" ? "on" : "off";
  let isBroken = false;
  let isReleased = false;

  return {
    open: async () => undefined,
    async set(on) {
      if (isReleased) throw fanFailure("the fan was released and takes no commands", "restart the agent");
      if (isBroken) {
        state = "failed";
        throw fanFailure(`the simulated fan did not switch ${on ? "on" : "off"}`, REPAIR);
      }
      state = on ? "on" : "off";
    },
    confirmed: async () => undefined,
    state: () => state,
    describe: () => ({
      driver: "simulated",
      line: null,
      feedbackLine: null,
      detail: why,
      fault: state === "failed" ? fanFailure("the simulated fan is broken", REPAIR) : null,
    }),
    async release() {
      isReleased = true;
      if (!isBroken && safeState !== "hold") state = safeState;
    },
    breakDown() {
      isBroken = true;
    },
    repair() {
      isBroken = false;
    },
  };
}
