import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { AgentError, fileReason, isAgentError } from "../errors.ts";
import { systemClock } from "../lib/clock.ts";
import { existingPart } from "../lib/writable.ts";
import { whoHolds } from "../state/lock.ts";
import { askStatus } from "./client.ts";
import type { HealthDocument } from "./document.ts";

/** Where an agent of some configuration is found. */
export interface Whereabouts {
  socket: string;
  stateDirectory: string;
}

/**
 * `askStatus`, but where nobody listens it is looked who has the state directory: an agent lives without its socket too.
 * Rejects with `AGENT_NOT_RUNNING` only if nobody has it; `AGENT_NO_ANSWER` if an agent runs without one; and if that
 * cannot be told, with `AGENT_ACCESS_DENIED`, or with `AGENT_UNSEEN` where an agent could make neither of its sockets.
 */
export async function askAgent(where: Whereabouts, deadline?: number): Promise<HealthDocument> {
  const { socket, stateDirectory } = where;
  try {
    return await askStatus(socket, deadline);
  } catch (error) {
    if (!isAgentError(error) || error.code !== "AGENT_NOT_RUNNING") throw error;
    const holder = await holderOf(stateDirectory);
    if (holder === undefined) {
      await refuseHidden(where);
      throw error;
    }
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

/** An agent whose card has become read-only goes on without a lock, and without a socket where that is on it too. */
async function refuseHidden({ socket, stateDirectory }: Whereabouts): Promise<void> {
  const why = await reasonAgainst(stateDirectory);
  if (why === undefined || (await reasonAgainst(dirname(socket))) === undefined) return;
  throw new AgentError(
    `whether an agent runs cannot be told: it could show itself neither in ${stateDirectory} nor on ${socket}: ${why}`,
    {
      code: "AGENT_UNSEEN",
      retryable: false,
      remedy: "let the state directory be written again, or run the command as the agent's user",
    },
  );
}

/** Why no socket can be made there; undefined if one can, or if nobody but the superuser could have made the folder. */
async function reasonAgainst(folder: string): Promise<string | undefined> {
  const found = await existingPart(folder);
  try {
    await access(found, constants.W_OK);
    return undefined;
  } catch (error) {
    const isRight = error instanceof Error && "code" in error && error.code !== "EROFS";
    return isRight && found !== folder ? undefined : fileReason(error);
  }
}
