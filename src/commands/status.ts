import { isAgentError } from "../errors.ts";
import { askAgent } from "../health/ask-agent.ts";
import { describeForPeople } from "../health/describe.ts";
import { EXIT } from "./exit.ts";
import { type Output, standardOutput } from "./output.ts";

/** Who is asked, and how to say it. */
export interface StatusOptions {
  /** Path of the running agent's status socket. */
  socket: string;
  /** Where it says that it runs, should it have no socket. */
  stateDirectory: string;
  json: boolean;
}

/**
 * `cave-agent status`: asks the running agent and prints what it says. Resolves to the exit code: 0 if it answered,
 * whatever it said; 70 if no agent runs, may be asked or answers.
 */
export async function status(
  { json, ...where }: StatusOptions,
  output: Output = standardOutput,
): Promise<number> {
  try {
    const document = await askAgent(where);
    const text = json ? JSON.stringify(document, null, 2) : describeForPeople(document).join("\n");
    output.say(`${text}\n`);
    return EXIT.stopped;
  } catch (error) {
    if (!isAgentError(error)) throw error;
    output.complain(`${error.message}\n${error.remedy}\n`);
    return EXIT.fault;
  }
}
