import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Assignment, Credentials } from "./credentials.ts";
import { register } from "./sdk/registration.ts";

/** How to reach the DPS. */
export interface Provisioning {
  /** `host` or `host:port`. */
  host: string;
  idScope: string;
  /** Longest whole registration, milliseconds: the SDK polls for ever, or ends without a word (azure-iot-sdk-node #1155). */
  deadline: number;
}

/** Registers this device and returns the hub that the DPS assigned it to. Rejects with a retryable AgentError. */
export async function provision(
  dps: Provisioning,
  credentials: Credentials,
  clock: Clock,
  signal: AbortSignal,
): Promise<Assignment> {
  return withDeadline(
    (attempt) => register(dps.host, dps.idScope, credentials, clock, attempt),
    {
      after: dps.deadline,
      code: "DPS_TIMEOUT",
      awaiting: `the DPS ${dps.host} to assign a hub`,
      remedy: "check that the DPS is up and has a hub linked; the agent tries again",
    },
    clock,
    signal,
  );
}
