import type { Config } from "../../config.ts";
import { isAgentError } from "../../errors.ts";
import { type Identity, loadIdentity, readTrustedCa } from "../../hub/identity.ts";
import { MODEL_ID } from "../../hub/model.ts";
import type { Clock } from "../../lib/clock.ts";
import { CODES } from "../codes.ts";
import type { StatusDocument } from "../status.ts";
import type { ConfiguredCheck, Finding } from "./check.ts";

/** Milliseconds. Azure's DPS asks for 3 s and more between its answers, and on a small gateway the SDK takes seconds to load. */
const REGISTRATION = 15_000;
const DEADLINE = 25_000;

/**
 * Whether the cloud lets this device in: by the running agent's word, or else by a registration at the DPS, which gives
 * the same answer however often it is asked. A device that has an assignment already is none the worse for it: should the
 * DPS name another hub now, the agent learns of that as soon as the old one refuses it.
 */
export const connectionCheck: ConfiguredCheck = {
  id: "connection",
  title: "connection",
  needs: [
    "provisioning.host",
    "provisioning.idScope",
    "tls.trustedCaFile",
    "device.id",
    "device.certificateFile",
    "device.keyFile",
  ],
  deadline: DEADLINE,
  async look({ config, clock, running, isAlone }, signal) {
    if (running) return judgeRunning(running.connection);
    if (isAlone) return register(config, clock, signal);
    // Two connections of one name throw each other out.
    return { result: "skipped", detail: "an agent that runs may be registering, and could not be asked" };
  },
};

function judgeRunning({ state, hub, since, cause, code, remedy }: StatusDocument["connection"]): Finding {
  if (state === "online")
    return { result: "ok", detail: `the running agent is online at ${hub} since ${since}` };
  const detail = `the running agent: ${cause}`;
  const wait = "wait a minute, and run doctor again";
  return { result: code ? resultOf(code) : "warning", detail, remedy: remedy ?? wait };
}

async function register(config: Config, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const identity = usableIdentity(config);
  if (!identity) return { result: "skipped", detail: "certificate and key must be correct first" };
  if (clock.now() < identity.notBefore.getTime()) {
    return { result: "skipped", detail: "by this machine's clock the certificate is not valid yet" };
  }
  const trustedCaPem = readTrustedCa(config.tls.trustedCaFile);
  // Only here: the cloud's SDK takes its time to load.
  const { provision } = await import("../../hub/provision.ts");
  try {
    const { hub, deviceId } = await provision(
      { ...config.provisioning, deadline: REGISTRATION },
      { identity, trustedCaPem, modelId: MODEL_ID },
      clock,
      signal,
    );
    return { result: "ok", detail: `the DPS assigns ${deviceId} to ${hub}` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isAgentError(error)) throw error;
    const { code, message, remedy } = error;
    // Why that is, the checks above have said.
    if (code === "DPS_UNREACHABLE" || code === "DPS_UNTRUSTED") return { result: "skipped", detail: message };
    return { result: resultOf(code), detail: message, remedy };
  }
}

function usableIdentity({ device }: Config): Identity | undefined {
  try {
    return loadIdentity(device);
  } catch (error) {
    if (isAgentError(error)) return undefined;
    throw error;
  }
}

/** What only a person can mend is a failure; what may pass by itself is none yet. */
function resultOf(code: string): "failed" | "warning" {
  const known = new Map<string, { severity: string }>(Object.entries(CODES)).get(code);
  return known?.severity === "error" ? "failed" : "warning";
}
