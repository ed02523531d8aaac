import { isAgentError } from "../errors.ts";
import { askStatus } from "../health/client.ts";
import type { HealthDocument } from "../health/document.ts";

/** Whether an agent runs with this configuration, and what it says. */
export type Running = { is: "running"; document: HealthDocument } | { is: "stopped" };

const DEADLINE = 5000;

/** Rejects with an AgentError if it cannot be told: what may be an agent must not be worked against. */
export async function askWhoRuns(socket: string): Promise<Running> {
  try {
    return { is: "running", document: await askStatus(socket, DEADLINE) };
  } catch (error) {
    if (isAgentError(error) && error.code === "AGENT_NOT_RUNNING") return { is: "stopped" };
    throw error;
  }
}

/** Whether the agent has a line of its own: one that simulates its fan, or has none, leaves all lines to others. */
export function isHeldBy(running: Running): boolean {
  if (running.is === "stopped") return false;
  const { driver } = running.document.fan;
  return driver !== "simulated" && driver !== "none";
}
