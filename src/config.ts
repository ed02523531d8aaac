import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import type { Settings } from "./cave/settings.ts";
import { convertConfig, type RawConfig } from "./config-convert.ts";
import { unknownKeys, unknownVariables, withoutUnknown } from "./config-keys.ts";
import { contradictions } from "./config-rules.ts";
import { createSchema, environmentName, isNumeric } from "./config-schema.ts";
import { AgentError, fileReason, messageOf } from "./errors.ts";
import type { FanConfig } from "./fan/config.ts";
import { lineFromTable } from "./fan/line.ts";
import type { LogFormat, LogLevel } from "./log.ts";
import type { SensorConfig } from "./sensor/open.ts";

/** The agent's configuration, checked. Durations in milliseconds, paths absolute. */
export interface Config {
  /** Empty `id`: the leaf certificate's common name. */
  device: { id: string; certificateFile: string; keyFile: string };
  provisioning: {
    host: string;
    idScope: string;
    deadline: number;
    retryAfter: number;
    retryDisabledAfter: number;
  };
  /** Empty: the CAs that Node trusts. */
  tls: { trustedCaFile: string };
  hub: { keepAlive: number; retryAfter: number; retryAtMost: number };
  state: { directory: string };
  sensor: SensorConfig & { readEvery: number; staleAfter: number; stuckAfter: number };
  cave: Settings;
  fan: FanConfig & {
    overrideFor: number;
    minimumOn: number;
    minimumOff: number;
    switchesPerHour: number;
    responseAfter: number;
  };
  outbox: {
    maxMebibytes: number;
    maxAge: number;
    syncEvery: number;
    memoryCapacity: number;
    inFlight: number;
    /** 0: no bound. */
    perSecond: number;
  };
  /** Empty `socket`: in the state directory; empty `listen`: no TCP. */
  status: { socket: string; listen: string };
  simulation: { seed: number; speed: number };
  log: { level: LogLevel; format: LogFormat };
}

/** A configuration that cannot be used; `remedy` names the file. The exit code for it is 78 (sysexits.h, EX_CONFIG). */
export function configError(message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(message, { code: "CONFIG_INVALID", retryable: false, remedy, cause });
}

/** One thing that is wrong in a configuration. */
export interface Problem {
  /** As `section.key`, `section`, or the name of an environment variable. */
  key: string;
  /** Nothing reads it: a slip of the pen, or of a later version. */
  isUnknown: boolean;
  /** One line, which begins with the key and names the value and what is allowed. */
  text: string;
}

/**
 * Reads and checks `file` (TOML) and the environment, which wins. Throws an AgentError `CONFIG_INVALID` whose message
 * names every wrong key with its value and what is allowed, one a line. `named` is how whoever asks for it names a file.
 */
export function loadConfig(
  file: string,
  environment: Environment = process.env,
  named = "with --config",
): Config {
  const { config, problems } = examineConfig(file, environment, named);
  if (config && problems.length === 0) return config;
  throw refusal(file, problems);
}

/**
 * The same for who goes on in spite of problems: `config` is what is known, and undefined only if the value of a known
 * key is wrong. Throws `CONFIG_INVALID` for a file that cannot be read or is not TOML.
 */
export function examineConfig(
  file: string,
  environment: Environment = process.env,
  named?: string,
): { config: Config | undefined; problems: Problem[] } {
  const document = withLineTexts(readToml(file, named));
  const schema = createSchema(environment);
  const unknown = [...unknownKeys(document), ...unknownVariables(environment)];
  const found = [...textNumbers(document), ...wrongValues(schema, withoutUnknown(document))];
  const raw = found.length === 0 ? (schema.getProperties() as RawConfig) : undefined;
  const config = raw && convertConfig(raw, dirname(resolve(file)));
  const contradictory = config ? contradictions(config) : [];
  return {
    config,
    problems: [
      ...unknown.map((text) => problem(text, true)),
      ...[...found, ...contradictory].map((text) => problem(withOrigin(text, environment), false)),
    ],
  };
}

export type Environment = Record<string, string | undefined>;

function problem(text: string, isUnknown: boolean): Problem {
  return { key: /^[\w.]+/.exec(text)?.[0] ?? "", isUnknown, text };
}

/** Convict's own words, a key a line. */
function wrongValues(schema: ReturnType<typeof createSchema>, document: object): string[] {
  try {
    schema.load(document as never);
    schema.validate({ allowed: "strict" });
    return [];
  } catch (error) {
    const lines = error instanceof Error ? error.message.split("\n") : [String(error)];
    // All that JSON makes null of, and that convict shows by it: infinity.
    return lines.map((line) => line.replace(/: value was null$/, ": value was inf"));
  }
}

/**
 * The environment has only text; a file that has text for a number has a slip in it. Those that are no number either,
 * convict tells.
 */
function textNumbers(document: Record<string, unknown>): string[] {
  return Object.entries(document).flatMap(([section, keys]) =>
    Object.entries(keys ?? {}).flatMap(([key, value]) =>
      isNumeric(section, key) && typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value)
        ? [`${section}.${key}: must be a number, without quotes: value was ${JSON.stringify(value)}`]
        : [],
    ),
  );
}

function refusal(file: string, problems: Problem[]): AgentError {
  return configError(
    problems.map(({ text }) => text).join("\n"),
    `correct ${file} or the environment, then try "cave-agent config check ${file}"`,
  );
}

function readToml(file: string, named = "with --config"): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw configError(
      `cannot read the configuration ${file}: ${fileReason(error)}`,
      `give an existing, readable TOML file ${named}`,
      error,
    );
  }
  try {
    return parseToml(text);
  } catch (error) {
    throw configError(
      `${file} is not valid TOML: ${whereIn(error)}`,
      `correct the line that is named, then try "cave-agent config check ${file}"`,
      error,
    );
  }
}

function whereIn(error: unknown): string {
  if (!(error instanceof TomlError)) return messageOf(error);
  // The rest of its text is a drawing of the lines around.
  const [reason = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
  return `line ${error.line}, column ${error.column}: ${reason}`;
}

const LINE_KEYS = ["line", "feedbackLine"];

/** A line may be an inline table, which convict would take for a section: it becomes the text of the same line. */
function withLineTexts(document: Record<string, unknown>): Record<string, unknown> {
  const { fan } = document;
  if (typeof fan !== "object" || fan === null || Array.isArray(fan)) return document;
  const keys = Object.entries(fan).map(([key, value]) => [
    key,
    LINE_KEYS.includes(key) ? lineFromTable(value) : value,
  ]);
  return { ...document, fan: Object.fromEntries(keys) };
}

/** A wrong value may come from the environment, where nobody would look for it. */
function withOrigin(line: string, environment: Environment): string {
  const name = environmentName(/^[\w.]+/.exec(line)?.[0] ?? "");
  return environment[name] === undefined ? line : `${line} (from the environment: ${name})`;
}
