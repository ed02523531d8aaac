import { devNull } from "node:os";
import { type Config, configError } from "../config.ts";
import { type AgentError, isAgentError } from "../errors.ts";
import { busLineProblems, type FanConfig, fanProblems } from "../fan/config.ts";
import type { Line } from "../fan/line.ts";
import { statusSocketOf } from "../health/socket-path.ts";
import { type ConfigPlace, loadSections } from "./usable-part.ts";

/** Which fan is meant. */
export interface FanChoiceOptions extends ConfigPlace {
  action: string;
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
  /** Why the configuration was left out, if the line is named and there is one. */
  ignored: AgentError | undefined;
}

const NEEDED = ["fan", "status", "state"];

/**
 * Only the fan's part of the configuration must be right, or none if the line is named; but which state is `safe` only
 * the configuration tells. Throws `CONFIG_INVALID`.
 */
export function chooseFan(
  options: FanChoiceOptions,
  environment: Record<string, string | undefined>,
): FanChoice {
  const { line, activeLow, driver } = options;
  const isNeeded = !line || options.action === "safe";
  const { config, ignored } = isNeeded
    ? { config: loadSections(NEEDED, options, environment), ignored: undefined }
    : loadUsable(options, environment);
  const fan: FanConfig = {
    ...config.fan,
    ...(line && { line, activeLow, driver: "auto", feedbackLine: undefined }),
    ...(driver !== undefined && { driver }),
  };
  const [problem] = fanProblems(fan);
  if (problem) throw configError(problem, "name the line by --line, or another --driver");
  const [collision] = busLineProblems(fan, config.sensor);
  if (collision) throw configError(collision, "name another line, by --line or in the configuration");
  return {
    fan,
    sensorSource: config.sensor.source,
    socket: statusSocketOf(config),
    stateDirectory: config.state.directory,
    ignored,
  };
}

/** What of it can be used: the defaults stand in for the rest, or for all of it. */
function loadUsable(
  place: ConfigPlace,
  environment: Record<string, string | undefined>,
): { config: Config; ignored: AgentError | undefined } {
  try {
    return { config: loadSections([], place, environment), ignored: undefined };
  } catch (error) {
    if (!isAgentError(error)) throw error;
    const config = loadSections([], { file: devNull, usualFile: devNull }, environment);
    return { config, ignored: error };
  }
}
