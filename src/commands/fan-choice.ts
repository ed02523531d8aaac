import { existsSync } from "node:fs";
import { devNull } from "node:os";
import { configError } from "../config.ts";
import type { AgentError } from "../errors.ts";
import { type FanConfig, fanProblems } from "../fan/config.ts";
import type { Line } from "../fan/line.ts";
import { salvageConfiguration } from "../health/doctor/salvage.ts";
import { statusSocketOf } from "../health/socket-path.ts";

/** Which fan is meant. */
export interface FanChoiceOptions {
  /** The configuration, TOML. Undefined: `usualFile` if it is there, else the defaults. */
  file: string | undefined;
  usualFile: string;
  /** Takes the place of the configured line, and of all that belongs to it. */
  line: Line | undefined;
  activeLow: boolean;
  driver: FanConfig["driver"] | undefined;
}

export interface FanChoice {
  fan: FanConfig;
  sensorSource: string;
  /** Where an agent with this configuration would answer, and what it would have to itself. */
  socket: string;
  stateDirectory: string;
}

const isNeeded = (key: string) => /^(fan|status|state)\./.test(key);

/** Only the fan's part of the configuration must be right, or none if the line is named. Throws `CONFIG_INVALID`. */
export function chooseFan(
  options: FanChoiceOptions,
  environment: Record<string, string | undefined>,
): FanChoice {
  const file = options.file ?? (existsSync(options.usualFile) ? options.usualFile : devNull);
  const { config, error, broken } = salvageConfiguration(file, environment);
  if (!config || [...broken].some(isNeeded)) throw refusal(error, file);
  const { line, activeLow, driver } = options;
  const fan: FanConfig = {
    ...config.fan,
    ...(line && { line, activeLow, driver: "auto", feedbackLine: undefined }),
    ...(driver !== undefined && { driver }),
  };
  const [problem] = fanProblems(fan);
  if (problem) throw configError(problem, "name the line by --line, or another --driver");
  return {
    fan,
    sensorSource: config.sensor.source,
    socket: statusSocketOf(config),
    stateDirectory: config.state.directory,
  };
}

/** What concerns the fan of all that is wrong. */
function refusal(error: AgentError | undefined, file: string): AgentError {
  const lines = error?.message.split("\n") ?? [];
  const concerning = lines.filter(isNeeded);
  const message = (concerning.length > 0 ? concerning : lines).join("\n");
  const remedy = file === devNull ? "correct the environment" : (error?.remedy ?? `correct ${file}`);
  return configError(message, remedy, error);
}
