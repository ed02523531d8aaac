import type { GuardState } from "../cave/guard.ts";
import { type AgentError, causeOf } from "../errors.ts";
import { asFanFailure, fanDeadline } from "../fan/failure.ts";
import type { Fan } from "../fan/fan.ts";
import type { Clock } from "../lib/clock.ts";
import { withDeadline } from "../lib/deadline.ts";
import type { Logger } from "../log.ts";
import type { RestoredSteering } from "../state/steering.ts";

/** The fan at the start: found on or off, and so the guard of an earlier run goes on. */
export interface FanTakeover {
  /** Never rejects: a fan that cannot be reached is told, and tried again by those who command it. */
  take(): Promise<GuardState>;
  /** Why it could not be taken over: one that hangs cannot tell that itself. */
  fault(): AgentError | undefined;
}

export interface FanTakeoverParts {
  fan: Pick<Fan, "open" | "state">;
  restored: Pick<RestoredSteering, "guard">;
  log: Logger;
  clock: Clock;
  /** Aborts when the agent stops. */
  stopping: AbortSignal;
}

export function createFanTakeover({ fan, restored, log, clock, stopping }: FanTakeoverParts): FanTakeover {
  let fault: AgentError | undefined;
  return {
    async take() {
      await withDeadline(fan.open(), fanDeadline("the fan's line"), clock, stopping).catch(
        (error: unknown) => {
          if (stopping.aborted) return;
          fault = asFanFailure(error);
          log.error(
            { event: "fan-fault", ...causeOf(error) },
            "the fan cannot be reached; it is tried again",
          );
        },
      );
      const found = fan.state();
      return restored.guard(found === "failed" ? undefined : found === "on");
    },
    fault: () => fault,
  };
}
