import { AgentError, isAgentError } from "../errors.ts";
import { askStatus } from "../health/client.ts";
import type { HealthDocument } from "../health/document.ts";
import { systemClock } from "../lib/clock.ts";
import { whoHolds } from "../state-lock.ts";
import type { FanChoice } from "./fan-choice.ts";

const DEADLINE = 5000;

/**
 * What the agent that answers on this socket says of its fan; undefined if no agent runs. Rejects with an AgentError if
 * that cannot be told: what may be an agent must not be worked against.
 */
export async function askRunningFan({
  socket,
  stateDirectory,
}: FanChoice): Promise<HealthDocument["fan"] | undefined> {
  try {
    return (await askStatus(socket, DEADLINE)).fan;
  } catch (error) {
    if (!isAgentError(error) || error.code !== "AGENT_NOT_RUNNING") throw error;
    const holder = await whoHolds(stateDirectory, systemClock);
    if (holder === undefined) return undefined;
    throw new AgentError(`an agent runs that cannot be asked on ${socket}: ${holder}`, {
      code: "AGENT_NO_ANSWER",
      retryable: true,
      remedy: "look at the agent's log, and restart the agent",
      cause: error,
    });
  }
}

/** Whether that agent has a line of its own: one that simulates its fan, or has none, leaves all lines to others. */
export function hasLine({ driver }: HealthDocument["fan"]): boolean {
  return driver !== "simulated" && driver !== "none";
}
