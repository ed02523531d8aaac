import { loadConfig } from "../../config.ts";
import { createSchema, environmentName } from "../../config-schema.ts";
import { isAgentError } from "../../errors.ts";
import type { Configuration } from "./check.ts";

/** Fits every required key; what has it is in `broken` and is not looked at. */
const STAND_IN = "0nmissing";

type Environment = Record<string, string | undefined>;

/**
 * The configuration in `file`, or as much of it as can be used: where single keys are wrong, their defaults stand in
 * and the keys are named. Never throws for anything in the file.
 */
export function salvageConfiguration(file: string, environment: Environment = process.env): Configuration {
  try {
    return { config: loadConfig(file, environment), error: undefined, broken: new Set() };
  } catch (error) {
    if (!isAgentError(error)) throw error;
    const broken = brokenKeys(error.message);
    return { config: loadWithout(broken, file, environment), error, broken: new Set(broken) };
  }
}

/** `loadConfig` begins each line of its message with the key that is wrong. */
function brokenKeys(message: string): string[] {
  return message.split("\n").flatMap((line) => /^([a-z]+\.[A-Za-z]+): /.exec(line)?.[1] ?? []);
}

function loadWithout(broken: string[], file: string, environment: Environment): Configuration["config"] {
  if (broken.length === 0) return undefined;
  // The environment wins over the file, so it can put a value in the place of a wrong one.
  const standIns = broken.map((key) => [environmentName(key), defaultOf(key)]);
  try {
    return loadConfig(file, { ...environment, ...Object.fromEntries(standIns) });
  } catch (error) {
    // Unknown keys and sections, and what is no TOML, leave nothing to stand in for.
    if (isAgentError(error)) return undefined;
    throw error;
  }
}

function defaultOf(key: string): string {
  const [section = "", name = ""] = key.split(".");
  const value = createSchema({}).getProperties()[section]?.[name];
  return value === null || value === undefined ? STAND_IN : String(value);
}
