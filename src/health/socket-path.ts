import { join } from "node:path";

/** Where the agent with this configuration listens: `status.socket`, or in the state directory if that is empty. */
export function statusSocketOf(config: {
  state: { directory: string };
  status?: { socket: string };
}): string {
  return config.status?.socket || join(config.state.directory, "status.sock");
}
