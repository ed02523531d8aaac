import { AgentError } from "../errors.ts";
import type { Fan, FanState, SafeState } from "./fan.ts";

/** A fan that can be made to disobey. */
export interface SimulatedFan extends Fan {
  /** From now on `set` is refused, until `repair`. */
  breakDown(): void;
  /** `state()` stays `failed` until the next `set` shows that the fan obeys again. */
  repair(): void;
}

/** It starts as its safe state would leave it; off for `hold`. */
export function createSimulatedFan(options: { safeState: SafeState }): SimulatedFan {
  const { safeState } = options;
  let state: FanState = safeState === "on" ? "on" : "off";
  let isBroken = false;
  let isReleased = false;

  return {
    async set(on) {
      if (isReleased) throw failure("the fan was released and takes no commands", "Restart the agent.");
      if (isBroken) {
        state = "failed";
        throw failure(`the simulated fan did not switch ${on ? "on" : "off"}`, "Repair the simulated fan.");
      }
      state = on ? "on" : "off";
    },
    state: () => state,
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

function failure(message: string, remedy: string): AgentError {
  return new AgentError(message, { code: "FAN_FAILED", retryable: true, remedy });
}
