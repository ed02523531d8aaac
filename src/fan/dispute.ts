import type { AgentError } from "../errors.ts";
import type { FanConfig } from "./config.ts";
import { fanFailure } from "./failure.ts";
import { type Line, lineText } from "./line.ts";

/** The feedback says the contrary of the command: what that means, and what to look at. */
export function disputeOf(config: FanConfig & { feedbackLine: Line }, wanted: boolean): AgentError {
  const { feedbackLine, feedbackKind, feedbackWithin } = config;
  const feedback = `the ${feedbackKind} on ${lineText(feedbackLine)}`;
  const time = `${feedbackWithin / 1000} s`;
  if (wanted) {
    return fanFailure(
      `the fan was switched on, and ${feedback} has shown nothing of it for ${time}`,
      "check relay, supply and motor of the fan, and the wire of its feedback",
    );
  }
  return fanFailure(
    `the fan was switched off, and ${feedback} has shown for ${time} that it runs`,
    "switch the fan off at its supply, and look whether the relay's contacts are welded",
  );
}
