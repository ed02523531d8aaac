import type { Check, Finding, Ground } from "#agent/health/doctor/check.js";
import { LINUX } from "#agent/health/doctor/check.js";
import { runDoctor } from "#agent/health/doctor/run.js";
import { salvageConfiguration } from "#agent/health/doctor/salvage.js";
import { systemClock } from "#agent/lib/clock.js";

export interface GroundOptions extends Partial<Omit<Ground, "configuration">> {
  signal?: AbortSignal;
}

/** What one check finds with the configuration in `file`. */
export async function findingOf(check: Check, file: string, options: GroundOptions = {}): Promise<Finding> {
  const { signal = new AbortController().signal, ...ground } = options;
  const { checks } = await runDoctor(
    {
      configuration: salvageConfiguration(file, {}),
      hub: undefined,
      clock: systemClock,
      machine: LINUX,
      checks: [check],
      ...ground,
    },
    signal,
  );
  const [found] = checks;
  if (!found) throw new Error("there is no result");
  const { id: _, title: __, ...finding } = found;
  return finding;
}
