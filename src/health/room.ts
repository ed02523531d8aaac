import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { AgentError, causeOf, isAgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { everyPeriod } from "../lib/periodic.ts";
import type { Logger } from "../log.ts";
import { openStatusServer, type StatusServer, type StatusServerOptions } from "./socket.ts";
import { statusSocketOf } from "./socket-path.ts";

/** The agent's status socket, for as long as the agent runs. */
export interface StatusRoom {
  /** Opens it again, once a minute, while it could not be opened or its name is gone; resolves once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface StatusRoomParts extends Pick<StatusServerOptions, "document" | "diagnose"> {
  log: Logger;
  clock: Clock;
  /** Why it is not there; undefined: it is. Called when that changes. */
  onChange: (unusable: AgentError | undefined) => void;
}

const LOOK_EVERY = 60_000;

/**
 * Opens the agent's status socket. That it cannot be opened is told, and does not keep the cave from living. Rejects with
 * `STATUS_SOCKET_IN_USE` if another agent listens there: two of one configuration are a mistake to be seen at once.
 */
export async function openStatus(config: Config, parts: StatusRoomParts): Promise<StatusRoom> {
  const { document, diagnose, log, clock, onChange } = parts;
  const socket = statusSocketOf(config);
  let server: StatusServer | undefined;
  let told: string | undefined;

  function tell(unusable: AgentError | undefined): void {
    if (unusable?.message === told) return;
    told = unusable?.message;
    if (unusable) {
      log.warn({ event: "status-socket", ...causeOf(unusable) }, "the agent cannot be asked on this machine");
    }
    onChange(unusable);
  }

  async function open(): Promise<void> {
    server = await openStatusServer({ document, diagnose, socket, listen: config.status.listen });
    tell(undefined);
  }

  async function look(): Promise<void> {
    if (server && existsSync(socket)) return;
    await server?.close();
    server = undefined;
    await open().catch((error: unknown) => tell(asUnusable(error)));
  }

  await open().catch((error: unknown) => {
    if (isAgentError(error) && error.code === "STATUS_SOCKET_IN_USE") throw error;
    tell(asUnusable(error));
  });
  return {
    run: (signal) => everyPeriod(() => LOOK_EVERY, look, clock, signal),
    close: async () => server?.close(),
  };
}

function asUnusable(error: unknown): AgentError {
  if (isAgentError(error)) return error;
  return new AgentError(messageOf(error), {
    code: "STATUS_SOCKET_UNUSABLE",
    retryable: true,
    remedy: "report this fault with the log",
    cause: error,
  });
}
