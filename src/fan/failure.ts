import { AgentError, messageOf } from "../errors.ts";

/** The fan did not obey, or cannot be reached. Always retryable: a cable may be put back at any time. */
export function fanFailure(message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(message, { code: "FAN_FAILED", retryable: true, remedy, cause });
}

/** What was thrown, as a failure of the fan. */
export function asFanFailure(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return fanFailure(messageOf(error), "check the line; cave-agent doctor does", error);
}

/** What helps a user who may not use GPIO. */
export const GROUP_REMEDY = "make the agent's user a member of the group gpio";
