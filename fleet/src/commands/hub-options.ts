import type { Command } from "commander";
import { findHubs, type HubOptions } from "../service/find-hubs.ts";
import { joinHubs } from "../service/join-hubs.ts";
import type { Service } from "../service/service.ts";

/** The options by which every command that talks to a hub is told which. */
export function addHubOptions(command: Command): Command {
  return command
    .option(
      "--hub-connection-string <string>",
      "service connection string of the hub (or CAVE_HUB_CONNECTION_STRING); without it, the local cloud that runs here",
    )
    .option("--trusted-ca <file>", "PEM of the only CA to trust, with --hub-connection-string")
    .option("--state <folder>", "state folder of the local cloud (default: .local-cloud here or above)");
}

/** Opens the hub that `options` mean, or all of a local cloud as one, and closes it whatever `use` does. */
export async function withService<T>(options: HubOptions, use: (service: Service) => Promise<T>): Promise<T> {
  const hubs = await findHubs(options);
  // Loaded only when needed: the SDK takes a third of a second, which `--help` should not.
  const { openService } = await import("../service/sdk.ts");
  const service = joinHubs(
    hubs.map(({ connectionString, ...access }) => openService(connectionString, access)),
  );
  try {
    return await use(service);
  } finally {
    service.close();
  }
}
