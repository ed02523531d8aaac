import { type AgentError, isAgentError } from "../../errors.ts";
import { askAgent, type Whereabouts } from "../ask-agent.ts";
import type { HealthDocument } from "../document.ts";
import type { Check, Finding } from "./check.ts";

/** What the running agent says of itself, or why it could not be asked. */
export type Answer = { document: HealthDocument } | { error: AgentError };

export async function askRunning(where: Whereabouts): Promise<Answer> {
  try {
    return { document: await askAgent(where, 3000) };
  } catch (error) {
    if (isAgentError(error)) return { error };
    throw error;
  }
}

/** Whether an agent is running, and what it has to complain about. */
export function runningCheck(answer: Answer): Check {
  return {
    id: "agent",
    title: "running agent",
    needs: ["state.directory"],
    look: async () => ("document" in answer ? judge(answer.document) : explain(answer.error)),
  };
}

function judge({ connection, conditions }: HealthDocument): Finding {
  const codes = conditions.map(({ code }) => code).join(", ");
  const detail = `${connection.state}; ${codes || "no conditions"}`;
  const grave = conditions.filter(({ severity }) => severity !== "info");
  if (grave.length === 0) return { result: "ok", detail };
  const remedy = grave.map((each) => `${each.code}: ${each.remedy}`).join(" ");
  return { result: "warning", detail, remedy };
}

function explain(error: AgentError): Finding {
  if (error.code !== "AGENT_NO_ANSWER") {
    return { result: "skipped", detail: error.message };
  }
  return { result: "failed", detail: error.message, remedy: error.remedy };
}
