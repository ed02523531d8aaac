import { type AgentHealth, createHealth, type HealthParts } from "../health/agent-health.ts";
import type { TimeServices } from "../health/clock/synchronized.ts";
import { createClockWatch } from "../health/clock/watch.ts";
import type { IdentitySource } from "../hub/identity-source.ts";

/** The agent's health, looked at from when all rooms are there. They tell of themselves while others are still missing. */
export interface Lookout extends Omit<AgentHealth, "conditions"> {
  /** To be called when something has changed; nothing happens before `begin`. */
  look(): void;
  /** All rooms are there: the first look sees whatever was told of before. */
  begin(): void;
  /** Looks when the clock gets set; resolves once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface LookoutParts extends Pick<HealthParts, "log" | "clock" | "status" | "control"> {
  machine: TimeServices;
  identity: Pick<IdentitySource, "current" | "trouble">;
}

export function createLookout({ machine, identity, ...parts }: LookoutParts): Lookout {
  let isBegun = false;
  function look(): void {
    if (isBegun) health.look();
  }
  const clockWatch = createClockWatch(machine, parts.clock, look);
  const health = createHealth({
    ...parts,
    identity: identity.current,
    certificateTrouble: identity.trouble,
    clockSynchronized: clockWatch.isSynchronized,
  });
  return {
    ...health,
    look,
    begin() {
      isBegun = true;
      look();
    },
    run: clockWatch.run,
  };
}
