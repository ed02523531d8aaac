import type { Config } from "../config.ts";
import type { Machine, Report } from "../health/doctor/check.ts";
import { describeReport } from "../health/doctor/describe.ts";
import { runDoctor } from "../health/doctor/run.ts";
import { askRunning, runningCheck } from "../health/doctor/running.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { systemClock } from "../lib/clock.ts";
import { chooseScope, type ScopeOptions } from "./doctor-scope.ts";
import { EXIT } from "./exit.ts";
import { type Output, standardOutput } from "./output.ts";

/** What to look at, and how to say it. */
export interface DoctorOptions extends ScopeOptions {
  json: boolean;
  /** Left out: where Linux has it. */
  machine?: Machine;
  /** The hub that an earlier run was assigned to, for when no agent is running that would say it. */
  cachedHub?: (config: Config) => Promise<string | undefined>;
}

/** Something failed: the agent would not work as it should. */
const EXIT_FAILED = 1;

/**
 * `cave-agent doctor`: runs every check, with or without a running agent, and prints what was found. Resolves to the
 * exit code: 0 if nothing failed, 78 if the configuration cannot be used, 1 if something else failed. Where there is no
 * configuration yet it is 78 too, unless a bus or a line is named: then 0 or 1 by what can be looked at.
 */
export async function doctor(options: DoctorOptions, output: Output = standardOutput): Promise<number> {
  const { configuration, checks } = chooseScope(options, process.env);
  const { config } = configuration;
  const where = config && { socket: statusSocketOf(config), stateDirectory: config.state.directory };
  const answer = where && (await askRunning(where));
  const running = answer && "document" in answer ? answer.document : undefined;
  const cached = config && (await options.cachedHub?.(config).catch(() => undefined));
  const report = await runDoctor(
    {
      configuration,
      hub: running?.connection.hub ?? cached ?? undefined,
      running,
      isAlone: answer !== undefined && "error" in answer && answer.error.code === "AGENT_NOT_RUNNING",
      clock: systemClock,
      ...(options.machine && { machine: options.machine }),
      checks: answer ? [...checks, runningCheck(answer)] : checks,
    },
    new AbortController().signal,
  );
  output.say(`${options.json ? JSON.stringify(report, null, 2) : describeReport(report).join("\n")}\n`);
  return configuration.error ? EXIT.configuration : exitCodeOf(report);
}

function exitCodeOf({ counts }: Report): number {
  return counts.failed > 0 ? EXIT_FAILED : EXIT.stopped;
}
