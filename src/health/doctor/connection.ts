import type { StatusDocument } from "../status.ts";
import { type ConfiguredCheck, codeOf, type Finding } from "./check.ts";
import { resultOf, TRIAL, tryConnection } from "./trial.ts";

/** Whether the hub lets this device in: by the running agent's word, or else by connecting to it for a moment. */
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
  deadline: TRIAL,
  async look({ config, clock, running, isAlone, assignment }, signal) {
    if (running) return judgeRunning(running.connection);
    if (isAlone) return tryConnection(config, assignment, clock, signal);
    // Two connections of one name throw each other out.
    return { result: "skipped", detail: "an agent that runs may be connected, and could not be asked" };
  },
};

function judgeRunning({ state, hub, since, cause, code, remedy }: StatusDocument["connection"]): Finding {
  if (state === "online")
    return { result: "ok", detail: `the running agent is online at ${hub} since ${since}` };
  const detail = `the running agent: ${cause}`;
  const wait = "wait a minute, and run doctor again";
  return { result: code ? resultOf(code) : "warning", detail, remedy: remedy ?? wait, ...codeOf(code) };
}
