import { type AgentError, isAgentError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";

/** What is done before a try: nothing; the chip is reset and started; the bus is opened anew and the chip looked for. */
export type Step = "read" | "restart" | "reopen";

interface Rung {
  step: Step;
  /** Wait before it, milliseconds. */
  pause: number;
}

/** The second try comes when a conversion that somebody else has asked for is over. */
const LADDER: readonly Rung[] = [
  { step: "read", pause: 0 },
  { step: "read", pause: 20 },
  { step: "restart", pause: 50 },
  { step: "reopen", pause: 200 },
];

/** The control loop waits 5 s for a reading; the true cause is better told than that this time is over. */
const LAST_TRY_AFTER = 3000;

/** Nothing that is said over the bus would mend these. */
const NOT_MENDED = new Set(["I2C_UNAVAILABLE", "I2C_MISSING", "I2C_DENIED", "I2C_BUSY"]);

/**
 * Tries, from one rung of the ladder to the next, until a try succeeds. Rejects with the last AgentError when there is no
 * rung left; with anything else at once. `onFault` hears of each failed try.
 */
export async function climb<T>(
  attempt: (step: Step) => Promise<T>,
  onFault: (error: AgentError) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const end = clock.monotonic() + LAST_TRY_AFTER;
  let last: AgentError | undefined;
  for (const { step, pause } of LADDER) {
    // While the bus is held the chip cannot be told anything: only a bus that is opened anew may help.
    if (last?.code === "I2C_TIMEOUT" && step !== "reopen") continue;
    if (pause > 0) await clock.sleep(pause, signal);
    try {
      return await attempt(step);
    } catch (error) {
      if (!isAgentError(error)) throw error;
      onFault(error);
      if (NOT_MENDED.has(error.code) || clock.monotonic() >= end) throw error;
      last = error;
    }
  }
  throw last;
}
