import type { Config } from "../config.ts";
import { GPIO_CHIP } from "../fan/inspect.ts";
import type { Machine, Report } from "../health/doctor/check.ts";
import { CHECKS, runDoctor, usable } from "../health/doctor/run.ts";
import { runningCheck } from "../health/doctor/running.ts";
import type { HealthDocument } from "../health/document.ts";
import type { Clock } from "../lib/clock.ts";
import { createPatience, type Patience } from "../lib/patience.ts";
import { shared } from "../lib/shared.ts";

export interface DiagnosisParts {
  document: () => HealthDocument;
  clock: Clock;
  machine: Machine;
  /** With the state directory's disk. */
  patience: Patience;
  /** Aborts when the agent stops. */
  stopping: AbortSignal;
}

/** Doctor, asked of a running agent; however many ask at once, it looks once. */
export function createDiagnosis(config: Config, parts: DiagnosisParts): () => Promise<Report> {
  const { document, clock, machine, patience, stopping } = parts;
  const gpioPatience = createPatience(GPIO_CHIP, clock);
  return shared(() => {
    const running = document();
    return runDoctor(
      {
        configuration: usable(config),
        hub: running.connection.hub ?? undefined,
        running,
        clock,
        machine,
        patience,
        gpioPatience,
        checks: [...CHECKS, runningCheck({ document: running })],
      },
      stopping,
    );
  });
}
