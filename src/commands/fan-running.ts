import { isAgentError } from "../errors.ts";
import { chooseKind } from "../fan/choose.ts";
import { isSameLine, parseLine } from "../fan/line.ts";
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

/**
 * Whether the fan that is meant is that agent's: one of its lines is named or configured. Of who names none, its own is
 * meant; a simulated one is one only of the agent that simulates it.
 */
export function isAgents(running: HealthDocument["fan"], { fan, sensorSource }: FanChoice): boolean {
  const isSimulated = running.driver === "simulated" || running.driver === "none";
  const kind = chooseKind(fan, sensorSource).name;
  if (kind !== "gpio") return !isSimulated || running.driver === kind;
  const theirs = [running.line, running.feedbackLine].flatMap((text) => parseLine(text ?? "") ?? []);
  // An agent of an older version does not tell its lines.
  if (theirs.length === 0) return !isSimulated;
  return [fan.line, fan.feedbackLine].some((mine) => mine && theirs.some((line) => isSameLine(mine, line)));
}
