import { join } from "node:path";
import type { Config } from "../config.ts";
import { isAgentError } from "../errors.ts";
import { lookAtDisk } from "../health/doctor/disk.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { checkSocket } from "../health/unix-socket.ts";
import { loadIdentity, readTrustedCa } from "../hub/identity.ts";
import { nodeFiles } from "../outbox/files.ts";
import { fileUnreadable } from "../outbox/health.ts";
import { recoverSegments } from "../outbox/recover.ts";
import { openSequence } from "../outbox/sequence.ts";
import { refuseOtherDevice } from "../state/device.ts";
import { checkStateDirectory } from "../state/open.ts";
import { EXIT } from "./exit.ts";
import { type Output, standardOutput } from "./output.ts";

/**
 * `cave-agent config check`: says whether `run` would start with this configuration, and touches nothing that it keeps.
 * Resolves to the exit code 0; rejects with the AgentError that `run` would end with. A disk that cannot be written, a
 * sequence file that is damaged, or a status socket that cannot be opened, is a warning: the agent starts, and
 * keeps in memory what it can.
 */
export async function configCheck(
  file: string,
  config: Config,
  output: Output = standardOutput,
): Promise<number> {
  const { deviceId } = loadIdentity(config.device);
  readTrustedCa(config.tls.trustedCaFile);
  await checkStateDirectory(config.state.directory);
  await refuseOtherDevice(config.state.directory, deviceId);
  let warnings = 0;
  const warn: Warn = (message, remedy = "look at cave-agent doctor") => {
    warnings += 1;
    output.complain(`warning: ${message}\n${remedy}\n`);
  };
  await checkKept(config.state.directory, warn);
  const { result, detail, remedy } = await lookAtDisk(config.state.directory);
  if (result !== "ok") warn(`state.directory: ${detail}`, remedy);
  await tellSocket(config, warn);
  const but = warnings === 0 ? "" : `, with ${warnings} warning${warnings === 1 ? "" : "s"}`;
  output.say(`${file}: ok, for ${deviceId}${but}\n`);
  return EXIT.stopped;
}

/** Tells of what keeps no agent from starting. */
type Warn = (message: string, remedy?: string) => void;

/** The agent lives without its socket, but cannot be asked. */
async function tellSocket(config: Config, warn: Warn): Promise<void> {
  const socket = statusSocketOf(config);
  try {
    await checkSocket(socket);
  } catch (error) {
    if (!isAgentError(error)) throw error;
    warn(error.message, error.remedy);
  }
}

/** What an earlier run has left there. Opening it reads only. */
async function checkKept(directory: string, warn: Warn): Promise<void> {
  await openSequence(join(directory, "sequence"), {
    onLeap: ({ message, remedy }) => warn(message, remedy),
  });
  try {
    const { faults } = await recoverSegments(nodeFiles, join(directory, "outbox"));
    for (const { file, error } of faults) {
      const { message, remedy } = fileUnreadable(file, error);
      warn(message, remedy);
    }
  } catch (error) {
    // A disk that cannot be read keeps no agent from starting; samples of a later version do.
    if (isAgentError(error)) throw error;
  }
}
