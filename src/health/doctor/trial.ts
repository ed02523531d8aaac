import type { Config } from "../../config.ts";
import { type AgentError, isAgentError } from "../../errors.ts";
import { askedOf, type KeptAssignment } from "../../hub/assignment.ts";
import type { Assignment, Credentials } from "../../hub/credentials.ts";
import { type Identity, loadIdentity, readTrustedCa } from "../../hub/identity.ts";
import { MODEL_ID } from "../../hub/model.ts";
import type { Clock } from "../../lib/clock.ts";
import { CODES, isCode } from "../codes.ts";
import { codeOf, type Finding } from "./check.ts";

// Milliseconds. Azure's DPS asks for 3 s and more between its answers, and on a small gateway the SDK takes seconds to load.
const REGISTRATION = 15_000;
const CONNECTION = 15_000;
/** Of both, and of what the SDK takes to load. */
export const TRIAL = 40_000;

/**
 * Goes the way of an agent that starts: to the hub that is kept, if this device, scope and DPS are those that it was
 * asked of; else to the one that the DPS assigns. A kept assignment is not asked for anew: the DPS may then take the
 * device to another hub.
 */
export async function tryConnection(
  config: Config,
  kept: KeptAssignment | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  const identity = usableIdentity(config);
  if (!identity) return { result: "skipped", detail: "certificate and key must be correct first" };
  if (clock.now() < identity.notBefore.getTime()) {
    return { result: "skipped", detail: "by this machine's clock the certificate is not valid yet" };
  }
  const trustedCaPem = readTrustedCa(config.tls.trustedCaFile);
  const credentials = { identity, trustedCaPem, modelId: MODEL_ID };
  if (kept?.askedOf === askedOf(config.provisioning, identity.deviceId)) {
    return connect(kept, "as it was assigned to", credentials, clock, signal);
  }
  // Only here: the cloud's SDK takes its time to load.
  const { provision } = await import("../../hub/provision.ts");
  let assigned: Assignment;
  try {
    assigned = await provision(
      { ...config.provisioning, deadline: REGISTRATION },
      credentials,
      clock,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!isAgentError(error)) throw error;
    // Why that is, the checks above have said.
    const isSaid = error.code === "DPS_UNREACHABLE" || error.code === "DPS_UNTRUSTED";
    return isSaid ? { result: "skipped", detail: error.message } : findingOf(error);
  }
  return connect(assigned, "as the DPS assigns", credentials, clock, signal);
}

async function connect(
  to: Assignment,
  why: string,
  credentials: Credentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding> {
  const { tryHub } = await import("../../hub/trial.ts");
  try {
    await tryHub(to, credentials, CONNECTION, clock, signal);
    return { result: "ok", detail: `${to.hub} lets ${to.deviceId} in, ${why}` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isAgentError(error)) throw error;
    return findingOf(error);
  }
}

function findingOf({ code, message, remedy }: AgentError): Finding {
  return { result: resultOf(code), detail: message, remedy: withoutAgent(remedy), ...codeOf(code) };
}

/** What only a person can mend is a failure; what may pass by itself is none yet. */
export function resultOf(code: string): "failed" | "warning" {
  return isCode(code) && CODES[code].severity === "error" ? "failed" : "warning";
}

/** No agent runs that would try again. */
function withoutAgent(remedy: AgentError["remedy"]): string {
  return remedy.replace(/(nothing: )?the agent (tries again|reconnects).*$/, "run doctor again later");
}

function usableIdentity({ device }: Config): Identity | undefined {
  try {
    return loadIdentity(device);
  } catch (error) {
    if (isAgentError(error)) return undefined;
    throw error;
  }
}
