import type { FanConfig } from "#agent/fan/config.js";

/** A fan as most are: on at a high level, off where nobody has it, and nothing shows whether it runs. */
export const PLAIN_FAN = {
  driver: "auto",
  line: { gpio: 17 },
  activeLow: false,
  safeState: "off",
  feedbackLine: undefined,
  feedbackKind: "contact",
  feedbackActiveLow: false,
  feedbackPull: "as-is",
  feedbackWithin: 5000,
} as const satisfies FanConfig;
