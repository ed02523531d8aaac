import { AgentError } from "../errors.ts";
import type { Fan } from "./fan.ts";

/** No fan: nothing moves the air, and whoever wants it moved is told so. */
export function createAbsentFan(why: string): Fan {
  return {
    open: async () => undefined,
    async set() {
      throw fanAbsent(why);
    },
    confirmed: async () => undefined,
    state: () => "off",
    describe: () => ({ driver: "none", line: null, feedbackLine: null, detail: why, fault: null }),
    release: async () => undefined,
  };
}

export function fanAbsent(why: string): AgentError {
  return new AgentError(`this cave has no fan: ${why}`, {
    code: "FAN_ABSENT",
    retryable: false,
    remedy: 'if it has one, set fan.line to the line that switches it, and fan.driver = "auto"',
  });
}
