import { isAgentError } from "../errors.ts";
import { askAgent } from "../health/ask-agent.ts";
import type { HealthDocument } from "../health/document.ts";
import type { FanChoice } from "./fan-choice.ts";

const DEADLINE = 5000;

/**
 * What the agent that answers on this socket says of its fan; undefined if no agent runs. Rejects with an AgentError if
 * that cannot be told: what may be an agent must not be worked against.
 */
export async function askRunningFan(choice: FanChoice): Promise<HealthDocument["fan"] | undefined> {
  try {
    return (await askAgent(choice, DEADLINE)).fan;
  } catch (error) {
    if (isAgentError(error) && error.code === "AGENT_NOT_RUNNING") return undefined;
    throw error;
  }
}

/** Whether that agent has a line of its own: one that simulates its fan, or has none, leaves all lines to others. */
export function hasLine({ driver }: HealthDocument["fan"]): boolean {
  return driver !== "simulated" && driver !== "none";
}
