import type { Air as CaveAir } from "../cave/air.ts";
import { AgentError, isAborted, isAgentError, messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Reading, Sensor } from "../sensor/sensor.ts";
import { createSharedReading } from "./shared-reading.ts";

/** What the loop knows of the air. */
export interface Air {
  /** The reading that is under way, or else a fresh one; nothing of it is kept. */
  read(signal: AbortSignal): Promise<Reading>;
  /** The same, kept; undefined if the sensor gives none. Rejects only as `signal` aborts. */
  measure(signal: AbortSignal): Promise<Reading | undefined>;
  /** The newest, and the wall clock at which it came. */
  newest(): (Reading & { readAt: number }) | undefined;
  /** The newest that is the cave's and not the warm sensor's. */
  ofCave(): CaveAir | undefined;
  /** Why the last measurement gave none. */
  fault(): AgentError | undefined;
}

export function createAir(sensor: Sensor, clock: Clock, onFault: (error: AgentError) => void): Air {
  const read = createSharedReading(sensor, clock);
  let newest: ReturnType<Air["newest"]>;
  let ofCave: Reading | undefined;
  let fault: AgentError | undefined;

  return {
    read,
    async measure(signal) {
      try {
        const measured = await read(signal);
        newest = { ...measured, readAt: clock.now() };
        if (!measured.heated) ofCave = measured;
        fault = undefined;
        return measured;
      } catch (error) {
        if (signal.aborted && isAborted(error)) throw error;
        // Said once: a sensor that stays broken would otherwise fill the log at its reading rate.
        const isNew = fault === undefined;
        fault = asSensorFault(error);
        if (isNew) onFault(fault);
        return undefined;
      }
    },
    newest: () => newest,
    ofCave: () => ofCave,
    fault: () => fault,
  };
}

function asSensorFault(error: unknown): AgentError {
  if (isAgentError(error)) return error;
  return new AgentError(messageOf(error), {
    code: "SENSOR_FAULT",
    retryable: true,
    remedy: "report this fault with the log",
    cause: error,
  });
}
