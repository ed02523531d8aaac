import { type Environment, examineConfig, loadConfig } from "../../config.ts";
import { createSchema, environmentName } from "../../config-schema.ts";
import { isAgentError } from "../../errors.ts";
import type { Configuration } from "./check.ts";

/** Fits every required key; what has it is in `broken` and is not looked at. */
const STAND_IN = "0nmissing";

/**
 * The configuration in `file`, or as much of it as can be used: what is unknown is left out, and where the value of a
 * known key is wrong, its default stands in and the key is named. Never throws for anything in the file.
 */
export function salvageConfiguration(file: string, environment: Environment = process.env): Configuration {
  try {
    return { config: loadConfig(file, environment), error: undefined, broken: new Set() };
  } catch (error) {
    if (!isAgentError(error)) throw error;
    return { ...salvage(file, environment), error };
  }
}

function salvage(file: string, environment: Environment): Pick<Configuration, "config" | "broken"> {
  try {
    const { problems } = examineConfig(file, environment);
    const broken = problems.flatMap(({ key, isUnknown }) => (isUnknown ? [] : [key]));
    // The environment wins over the file, so it can put a value in the place of a wrong one.
    const standIns = Object.fromEntries(broken.map((key) => [environmentName(key), defaultOf(key)]));
    const { config } = examineConfig(file, { ...environment, ...standIns });
    return { config, broken: new Set(broken) };
  } catch (error) {
    // What cannot be read or is no TOML leaves nothing to stand in for.
    if (isAgentError(error)) return { config: undefined, broken: new Set() };
    throw error;
  }
}

function defaultOf(key: string): string {
  const [section = "", name = ""] = key.split(".");
  const value = createSchema({}).getProperties()[section]?.[name];
  return value === null || value === undefined ? STAND_IN : String(value);
}
