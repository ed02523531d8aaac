import { AgentError, fileReason, isAgentError } from "../errors.ts";
import { systemClock } from "../lib/clock.ts";
import { whoHolds } from "../state-lock.ts";
import { askStatus } from "./client.ts";
import type { HealthDocument } from "./document.ts";

/** Where an agent of some configuration is found. */
export interface Whereabouts {
  socket: string;
  stateDirectory: string;
}

/**
 * `askStatus`, but where nobody listens it is looked who has the state directory: an agent lives without its socket too.
 * Rejects with `AGENT_NOT_RUNNING` only if nobody has it; `AGENT_NO_ANSWER` if an agent runs without one, and
 * `AGENT_ACCESS_DENIED` if that cannot be told.
 */
export async function askAgent(
  { socket, stateDirectory }: Whereabouts,
  deadline?: number,
): Promise<HealthDocument> {
  try {
    return await askStatus(socket, deadline);
  } catch (error) {
    if (!isAgentError(error) || error.code !== "AGENT_NOT_RUNNING") throw error;
    const holder = await holderOf(stateDirectory);
    if (holder === undefined) throw error;
    throw new AgentError(`an agent runs that cannot be asked on ${socket}: ${holder}`, {
      code: "AGENT_NO_ANSWER",
      retryable: true,
      remedy: "look for status-socket in the agent's log, mend what it says, and restart the agent",
      cause: error,
    });
  }
}

function holderOf(directory: string): Promise<string | undefined> {
  return whoHolds(directory, systemClock).catch((error: unknown) => {
    throw new AgentError(`whether an agent runs cannot be told: ${directory}: ${fileReason(error)}`, {
      code: "AGENT_ACCESS_DENIED",
      retryable: false,
      remedy: "run the command as the agent's user",
      cause: error,
    });
  });
}
