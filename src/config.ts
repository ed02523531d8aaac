import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import type { Settings } from "./cave/settings.ts";
import { checkSetting, isSettingKey } from "./cave/settings.ts";
import { parseBus, parseSensorAddress } from "./config-formats.ts";
import { createSchema, environmentName, isNumeric, KNOWN_KEYS } from "./config-schema.ts";
import { AgentError, fileReason, messageOf } from "./errors.ts";
import { busLineProblems, type FanConfig, fanProblems } from "./fan/config.ts";
import { lineFromTable, parseLine } from "./fan/line.ts";
import { durationText, parseDuration } from "./lib/duration.ts";
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
  const wrong = found.map((text) => withOrigin(text, environment));
  const raw = wrong.length === 0 ? (schema.getProperties() as Raw) : undefined;
  const config = raw && convert(raw, dirname(resolve(file)));
  const contradictory = config
    ? [
        ...retryProblems(config),
        ...sensorProblems(config),
        ...fanProblems(config.fan),
        ...busLineProblems(config.fan, config.sensor),
      ]
    : [];
  return {
    config,
    problems: [
      ...unknown.map((text) => problem(text, true)),
      ...[...wrong, ...contradictory].map((text) => problem(text, false)),
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

/** The environment has only text; a file that has text for a number has a slip in it. Those that are no number either, convict tells. */
function textNumbers(document: Record<string, unknown>): string[] {
  return Object.entries(document).flatMap(([section, keys]) =>
    Object.entries(keys ?? {}).flatMap(([key, value]) =>
      isNumeric(section, key) && typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value)
        ? [`${section}.${key}: must be a number, without quotes: value was ${JSON.stringify(value)}`]
        : [],
    ),
  );
}

/** No wait is shorter than these two, so that a longest one below them would not hold. */
function retryProblems({ hub, provisioning }: Config): string[] {
  const floors = { "hub.retryAfter": hub.retryAfter, "provisioning.retryAfter": provisioning.retryAfter };
  return Object.entries(floors)
    .filter(([, floor]) => hub.retryAtMost < floor)
    .map(([key, floor]) => tooShort("hub.retryAtMost", hub.retryAtMost, key, floor));
}

function tooShort(key: string, value: number, than: string, floor: number, why = ""): string {
  return `${key}: must not be shorter than ${than}, which is ${durationText(floor)}${why}: value was "${durationText(value)}"`;
}

/** Longer than a pulse of the sensor's heater and the cooling after it. */
const STALE_AFTER_WITH_HEATER = 5 * 60_000;

function sensorProblems({ sensor }: Config): string[] {
  const { staleAfter, readEvery, heater } = sensor;
  if (staleAfter < readEvery) {
    const why = ", or every reading would be stale";
    return [tooShort("sensor.staleAfter", staleAfter, "sensor.readEvery", readEvery, why)];
  }
  if (heater === "pulse" && staleAfter < STALE_AFTER_WITH_HEATER) {
    return [
      `sensor.staleAfter: must be at least "5m" with sensor.heater = "pulse", because readings do not count while the sensor is warm: value was "${durationText(staleAfter)}"`,
    ];
  }
  return [];
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

function withoutUnknown(document: Record<string, unknown>): object {
  const known = Object.entries(document).flatMap(([section, keys]) => {
    const names = KNOWN_KEYS.get(section);
    if (!names || typeof keys !== "object" || keys === null || Array.isArray(keys)) return [];
    return [[section, Object.fromEntries(Object.entries(keys).filter(([key]) => names.includes(key)))]];
  });
  return Object.fromEntries(known);
}

/** Belongs to cave-fleet, which shares the prefix. */
const FOREIGN_VARIABLES = new Set(["CAVE_HUB_CONNECTION_STRING"]);

function unknownVariables(environment: Environment): string[] {
  const known = new Set(
    [...KNOWN_KEYS].flatMap(([section, keys]) => keys.map((key) => environmentName(`${section}.${key}`))),
  );
  return Object.keys(environment)
    .filter((name) => name.startsWith("CAVE_") && !known.has(name) && !FOREIGN_VARIABLES.has(name))
    .map(
      (name) =>
        `${name}: unknown environment variable; a key is CAVE_<SECTION>_<KEY>, as CAVE_SENSOR_READ_EVERY`,
    );
}

type Raw = { [Section in keyof Config]: { [Key in keyof Config[Section]]: unknown } };

function convert(raw: Raw, folder: string): Config {
  const path = (value: unknown) => (value === "" ? "" : resolve(folder, String(value)));
  const checked = raw as Config;
  return {
    ...checked,
    device: {
      ...checked.device,
      certificateFile: path(raw.device.certificateFile),
      keyFile: path(raw.device.keyFile),
    },
    provisioning: durations(checked.provisioning, ["deadline", "retryAfter", "retryDisabledAfter"]),
    tls: { trustedCaFile: path(raw.tls.trustedCaFile) },
    hub: durations(checked.hub, ["keepAlive", "retryAfter", "retryAtMost"]),
    state: { directory: path(raw.state.directory) },
    sensor: {
      ...durations(checked.sensor, ["readEvery", "staleAfter", "stuckAfter"]),
      bus: parseBus(raw.sensor.bus) ?? 1,
      address: parseSensorAddress(raw.sensor.address) ?? "auto",
    },
    cave: { ...checked.cave, ...Object.fromEntries(Object.entries(raw.cave).map(normalizeSetting)) },
    fan: {
      ...durations(checked.fan, [
        "feedbackWithin",
        "overrideFor",
        "minimumOn",
        "minimumOff",
        "responseAfter",
      ]),
      line: parseLine(String(raw.fan.line)),
      feedbackLine: parseLine(String(raw.fan.feedbackLine)),
    },
    outbox: durations(checked.outbox, ["maxAge", "syncEvery"]),
    status: { ...checked.status, socket: path(raw.status.socket) },
  };
}

/** The section with these keys, checked to be durations by the schema, in milliseconds. */
function durations<Section extends object>(section: Section, keys: (keyof Section)[]): Section {
  const converted = keys.map((key) => [key, parseDuration(section[key])]);
  return { ...section, ...Object.fromEntries(converted) };
}

function normalizeSetting([key, value]: [string, unknown]): [string, unknown] {
  const result = isSettingKey(key) ? checkSetting(key, value) : undefined;
  return [key, result?.ok ? result.value : value];
}
