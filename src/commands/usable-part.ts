import { existsSync } from "node:fs";
import { devNull } from "node:os";
import { type Config, configError } from "../config.ts";
import type { AgentError } from "../errors.ts";
import { salvageConfiguration } from "../health/doctor/salvage.ts";

/** Where the configuration is. */
export interface ConfigPlace {
  /** TOML. Undefined: `usualFile` if it is there, else the defaults. */
  file: string | undefined;
  usualFile: string;
}

/**
 * The configuration, of which only these sections must be right: an installer tries sensor and fan before there is an
 * identity. Throws `CONFIG_INVALID` with what is wrong in them, or with all that is wrong if nothing can be used.
 */
export function loadSections(
  sections: readonly string[],
  { file: named, usualFile }: ConfigPlace,
  environment: Record<string, string | undefined>,
): Config {
  const file = named ?? (existsSync(usualFile) ? usualFile : devNull);
  const { config, error, broken } = salvageConfiguration(file, environment);
  const isNeeded = (key: string) => sections.some((section) => key.startsWith(`${section}.`));
  if (!config || [...broken].some(isNeeded)) throw refusal(error, isNeeded, file);
  return config;
}

function refusal(
  error: AgentError | undefined,
  isNeeded: (line: string) => boolean,
  file: string,
): AgentError {
  const lines = error?.message.split("\n") ?? [];
  const concerning = lines.filter(isNeeded);
  const message = (concerning.length > 0 ? concerning : lines).join("\n");
  const remedy = file === devNull ? "correct the environment" : (error?.remedy ?? `correct ${file}`);
  return configError(message, remedy, error);
}
