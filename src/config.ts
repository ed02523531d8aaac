import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import type { Settings } from "./cave/settings.ts";
import { checkSetting, isSettingKey } from "./cave/settings.ts";
import { createSchema, KNOWN_KEYS } from "./config-schema.ts";
import { AgentError, messageOf } from "./errors.ts";
import type { SafeState } from "./fan/fan.ts";
import { parseDuration } from "./lib/duration.ts";
import type { LogFormat, LogLevel } from "./log.ts";

/** The agent's configuration, checked. Durations in milliseconds, paths absolute. */
export interface Config {
  /** Empty `id`: the leaf certificate's common name. */
  device: { id: string; certificateFile: string; keyFile: string };
  provisioning: { host: string; idScope: string; deadline: number };
  /** Empty: the CAs that Node trusts. */
  tls: { trustedCaFile: string };
  hub: { keepAlive: number };
  state: { directory: string };
  sensor: { source: "simulated"; readEvery: number; staleAfter: number };
  cave: Settings;
  fan: { driver: "simulated"; safeState: SafeState; overrideFor: number };
  outbox: { capacity: number; inFlight: number };
  simulation: { seed: number; speed: number };
  log: { level: LogLevel; format: LogFormat };
}

/** A configuration that cannot be used; `remedy` names the file. The exit code for it is 78 (sysexits.h, EX_CONFIG). */
export function configError(message: string, remedy: string, cause?: unknown): AgentError {
  return new AgentError(message, { code: "CONFIG_INVALID", retryable: false, remedy, cause });
}

/**
 * Reads and checks `file` (TOML) and the environment, which wins. Throws an AgentError `CONFIG_INVALID` whose message
 * names every wrong key with its value and what is allowed, one a line.
 */
export function loadConfig(
  file: string,
  environment: Record<string, string | undefined> = process.env,
): Config {
  const document = readToml(file);
  const schema = createSchema(environment);
  const unknown = unknownKeys(document);
  if (unknown.length > 0) throw refusal(file, unknown);
  try {
    schema.load(document as never);
    schema.validate({ allowed: "strict" });
  } catch (error) {
    throw refusal(file, error instanceof Error ? error.message.split("\n") : [String(error)]);
  }
  return convert(schema.getProperties() as Raw, dirname(resolve(file)));
}

function refusal(file: string, problems: string[]): AgentError {
  return configError(problems.join("\n"), `correct ${file}, then try "cave-agent config check ${file}"`);
}

function readToml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw configError(
      `cannot read the configuration ${file}: ${messageOf(error)}`,
      "give an existing, readable TOML file with --config",
      error,
    );
  }
  try {
    return parseToml(text);
  } catch (error) {
    throw configError(
      `${file} is not valid TOML: ${messageOf(error)}`,
      `correct the line that is named, then try "cave-agent config check ${file}"`,
      error,
    );
  }
}

function unknownKeys(document: Record<string, unknown>): string[] {
  return Object.entries(document).flatMap(([section, keys]) => {
    const known = KNOWN_KEYS.get(section);
    if (!known) return [`${section}: unknown section; allowed: ${[...KNOWN_KEYS.keys()].join(", ")}`];
    if (typeof keys !== "object" || keys === null || Array.isArray(keys)) {
      return [`${section}: must be a table [${section}]: value was ${JSON.stringify(keys)}`];
    }
    return Object.entries(keys)
      .filter(([key]) => !known.includes(key))
      .map(
        ([key, value]) =>
          `${section}.${key}: unknown key: value was ${JSON.stringify(value)}; allowed in [${section}]: ${known.join(", ")}`,
      );
  });
}

type Raw = { [Section in keyof Config]: { [Key in keyof Config[Section]]: unknown } };

function convert(raw: Raw, folder: string): Config {
  const path = (value: unknown) => (value === "" ? "" : resolve(folder, String(value)));
  const duration = (value: unknown) => parseDuration(value) ?? Number.NaN;
  const checked = raw as Config;
  return {
    ...checked,
    device: {
      ...checked.device,
      certificateFile: path(raw.device.certificateFile),
      keyFile: path(raw.device.keyFile),
    },
    provisioning: { ...checked.provisioning, deadline: duration(raw.provisioning.deadline) },
    tls: { trustedCaFile: path(raw.tls.trustedCaFile) },
    hub: { keepAlive: duration(raw.hub.keepAlive) },
    state: { directory: path(raw.state.directory) },
    sensor: {
      ...checked.sensor,
      readEvery: duration(raw.sensor.readEvery),
      staleAfter: duration(raw.sensor.staleAfter),
    },
    cave: { ...checked.cave, ...Object.fromEntries(Object.entries(raw.cave).map(normalizeSetting)) },
    fan: { ...checked.fan, overrideFor: duration(raw.fan.overrideFor) },
  };
}

function normalizeSetting([key, value]: [string, unknown]): [string, unknown] {
  const result = isSettingKey(key) ? checkSetting(key, value) : undefined;
  return [key, result?.ok ? result.value : value];
}
