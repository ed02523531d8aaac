import { request } from "node:http";
import { AgentError, messageOf } from "../errors.ts";
import { LONGEST_SOCKET_PATH } from "../lib/unix-socket.ts";
import type { HealthDocument } from "./document.ts";

const DEADLINE = 15_000;
const LARGEST_ANSWER = 1_000_000;

/**
 * The running agent's status, asked for over its status socket. Rejects with an AgentError: `AGENT_NOT_RUNNING`,
 * `AGENT_ACCESS_DENIED`, or `AGENT_NO_ANSWER` also for what has not the shape of a status.
 */
export async function askStatus(socket: string, deadline = DEADLINE): Promise<HealthDocument> {
  const answer = parse(socket, await ask(socket, "/status", deadline));
  if (isHealthDocument(answer)) return answer;
  throw noAnswer(socket, "it says something else than a status");
}

async function ask(socket: string, path: string, deadline: number): Promise<string> {
  if (Buffer.byteLength(socket) > LONGEST_SOCKET_PATH) throw tooLong(socket);
  try {
    return await get(socket, path, AbortSignal.timeout(deadline));
  } catch (error) {
    throw explain(socket, error);
  }
}

function parse(socket: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw noAnswer(socket, `it says no JSON: ${messageOf(error)}`, error);
  }
}

const PARTS = ["agent", "connection", "sensor", "fan", "settings", "alerts", "outbox"];

function isHealthDocument(value: unknown): value is HealthDocument {
  if (typeof value !== "object" || value === null) return false;
  const parts = new Map<string, unknown>(Object.entries(value));
  return (
    typeof parts.get("deviceId") === "string" &&
    Array.isArray(parts.get("conditions")) &&
    PARTS.every((name) => typeof parts.get(name) === "object" && parts.get(name) !== null)
  );
}

function get(socketPath: string, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((done, fail) => {
    const asked = request({ socketPath, path, signal, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > LARGEST_ANSWER) asked.destroy(new Error("the answer has no end"));
      });
      response.on("error", fail);
      response.on("end", () => {
        if (response.statusCode === 200) done(text);
        else fail(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    asked.on("error", fail);
    asked.end();
  });
}

function tooLong(socket: string): AgentError {
  return new AgentError(`nobody can listen on ${socket}: it is longer than ${LONGEST_SOCKET_PATH} bytes`, {
    code: "AGENT_NOT_RUNNING",
    retryable: false,
    remedy: "set status.socket to a shorter path, and restart the agent",
  });
}

function explain(socket: string, error: unknown): AgentError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ECONNREFUSED") {
    return new AgentError(
      `nobody listens on ${socket}: no agent runs, or it could not open its status socket`,
      {
        code: "AGENT_NOT_RUNNING",
        retryable: true,
        remedy:
          "start it, name the configuration that it runs with by --config, or look for STATUS_SOCKET_UNUSABLE in its log",
        cause: error,
      },
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return new AgentError(`${socket} may not be opened by this user`, {
      code: "AGENT_ACCESS_DENIED",
      retryable: false,
      remedy: "run the command as the agent's user or as a member of its group",
      cause: error,
    });
  }
  return noAnswer(socket, messageOf(error), error);
}

function noAnswer(socket: string, why: string, cause?: unknown): AgentError {
  return new AgentError(`what listens on ${socket} does not answer as an agent does: ${why}`, {
    code: "AGENT_NO_ANSWER",
    retryable: true,
    remedy: "look at the agent's log, and restart the agent",
    cause,
  });
}
