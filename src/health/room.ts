import type { Config } from "../config.ts";
import { causeOf, isAgentError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { openStatusServer, type StatusServer, type StatusServerOptions } from "./socket.ts";
import { statusSocketOf } from "./socket-path.ts";

/**
 * Opens the agent's status socket. That it cannot be opened is told, and does not keep the cave from living. Rejects with
 * `STATUS_SOCKET_IN_USE` if another agent listens there: two of one configuration are a mistake to be seen at once.
 */
export async function openStatus(
  config: Config,
  { log, ...parts }: Pick<StatusServerOptions, "document" | "diagnose"> & { log: Logger },
): Promise<StatusServer | undefined> {
  try {
    return await openStatusServer({ ...parts, socket: statusSocketOf(config), listen: config.status.listen });
  } catch (error) {
    if (isAgentError(error) && error.code !== "STATUS_SOCKET_UNUSABLE") throw error;
    log.warn({ event: "status-socket", ...causeOf(error) }, "the agent cannot be asked on this machine");
    return undefined;
  }
}
