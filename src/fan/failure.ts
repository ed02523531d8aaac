import { AgentError, messageOf } from "../errors.ts";
import type { Deadline } from "../lib/deadline.ts";

const LOOK_AT_LINE = "check the line; cave-agent doctor does";

export const CHECK_USERS = "check that nothing else uses the line";

/** The fan did not obey, or cannot be reached. Always retryable: a cable may be put back at any time. */
export function fanFailure(message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(message, { code: "FAN_FAILED", retryable: true, remedy, cause });
}

/** What was thrown, as a failure of the fan. */
export function asFanFailure(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return fanFailure(messageOf(error), LOOK_AT_LINE, error);
}

/** How long whoever works with the fan waits for what it does: 10 s. */
export const fanDeadline = (awaiting: string): Deadline => ({
  after: 10_000,
  code: "FAN_FAILED",
  awaiting,
  remedy: LOOK_AT_LINE,
});

/** What helps a user who may not use GPIO. */
export const GROUP_REMEDY = "make the agent's user a member of the group gpio";
