import { configError } from "../config.ts";
import { type FanConfig, fanProblems } from "../fan/config.ts";
import type { Line } from "../fan/line.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { type ConfigPlace, loadSections } from "./usable-part.ts";

/** Which fan is meant. */
export interface FanChoiceOptions extends ConfigPlace {
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

const NEEDED = ["fan", "status", "state"];

/** Only the fan's part of the configuration must be right, or none if the line is named. Throws `CONFIG_INVALID`. */
export function chooseFan(
  options: FanChoiceOptions,
  environment: Record<string, string | undefined>,
): FanChoice {
  const { line, activeLow, driver } = options;
  const config = loadSections(NEEDED, options, environment);
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
