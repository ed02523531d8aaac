import convict from "convict";
import { MOST_SWITCHES_PER_HOUR } from "./cave/guard.ts";
import { type Bounds, FORMATS } from "./config-formats.ts";
import { FAN_DRIVERS, FEEDBACK_KINDS, PULLS } from "./fan/fan.ts";
import { LOG_LEVELS } from "./log.ts";

convict.addFormats(FORMATS);

/** The environment variable of a key: `sensor.readEvery` is CAVE_SENSOR_READ_EVERY. */
export function environmentName(key: string): string {
  return `CAVE_${key
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replace(/\./g, "_")
    .toUpperCase()}`;
}

const CAVE_DEFAULTS = {
  targetTemperature: 12,
  temperatureBand: 1,
  targetHumidity: 90,
  humidityBand: 5,
  telemetryInterval: 30,
  fanMode: "auto",
};

interface Item extends Bounds {
  doc: string;
  format: string;
  /** null: required. */
  default: unknown;
  /** Its value is kept out of messages. */
  sensitive?: boolean;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

const duration = (doc: string, value: string, shortest: number, longest: number): Item => ({
  doc,
  format: "duration",
  default: value,
  shortest,
  longest,
});
const count = (doc: string, value: number, minimum: number, maximum: number): Item => ({
  doc,
  format: "count",
  default: value,
  minimum,
  maximum,
});
const amount = (doc: string, value: number, minimum: number, maximum: number): Item => ({
  ...count(doc, value, minimum, maximum),
  format: "amount",
});
const flag = (doc: string): Item => ({ doc, format: "flag", default: false });
const gpioLine = (doc: string): Item => ({ doc, format: "gpioLine", default: "" });
const oneOf = (doc: string, words: string[]): Item => ({ doc, format: "word", default: words[0], words });

/** Every key of the configuration file: section, key, what it means, its format and its default (null: required). */
const SECTIONS: Record<string, Record<string, Item>> = {
  device: {
    id: { doc: "device id; empty: the leaf certificate's common name", format: "deviceId", default: "" },
    certificateFile: { doc: "PEM: the leaf, then its intermediates", format: "requiredText", default: null },
    keyFile: { doc: "PEM: the leaf's private key, mode 0600", format: "requiredText", default: null },
  },
  provisioning: {
    host: { doc: "DPS endpoint", format: "endpoint", default: "global.azure-devices-provisioning.net" },
    idScope: { doc: "the DPS's ID scope", format: "idScope", default: null, sensitive: true },
    deadline: duration("longest registration", "2m", SECOND, HOUR),
    retryAfter: duration("shortest wait after the DPS or hub has failed", "5s", SECOND, HOUR),
    retryDisabledAfter: duration("wait while the registration is disabled", "15m", SECOND, DAY),
  },
  tls: {
    trustedCaFile: { doc: "PEM: trusted instead of the system's CAs", format: "text", default: "" },
  },
  hub: {
    keepAlive: duration(
      "a dead connection is noticed within 1.5 times this",
      "60s",
      4 * SECOND,
      1177 * SECOND,
    ),
    retryAfter: duration(
      "first wait after the network has failed, about: half of it to three times it",
      "1s",
      SECOND / 10,
      HOUR,
    ),
    retryAtMost: duration("longest wait before a new try", "5m", SECOND, DAY),
  },
  state: {
    directory: {
      doc: "where the agent keeps what outlives it",
      format: "requiredText",
      default: "/var/lib/cave-agent",
    },
  },
  sensor: {
    source: oneOf("what measures; auto: the sht31 if it answers at start, else simulated", [
      "sht31",
      "auto",
      "simulated",
    ]),
    bus: { doc: "I2C bus of the sensor: its number or file", format: "i2cBus", default: 1 },
    address: { doc: "auto, 0x44 or 0x45", format: "sensorAddress", default: "auto" },
    humidityOffset: amount("added to each measured humidity, %RH", 0, -20, 20),
    heater: oneOf("off, or pulse: a sensor that was wet for an hour is heated for 10 s", ["off", "pulse"]),
    readEvery: duration("time between readings", "5s", SECOND / 2, HOUR / 6),
    staleAfter: duration("no valid reading for so long: safe state", "1m", SECOND, DAY),
    stuckAfter: duration("the same value for so long: stuck", "1h", SECOND, 30 * DAY),
  },
  cave: Object.fromEntries(
    Object.entries(CAVE_DEFAULTS).map(([setting, value]) => [
      setting,
      { doc: "used until the twin says otherwise", format: "caveSetting", default: value, setting },
    ]),
  ),
  fan: {
    driver: oneOf("how the fan is switched", [...FAN_DRIVERS]),
    line: gpioLine("the fan's GPIO line; empty: the cave has no fan"),
    activeLow: flag("whether a low level switches the fan on"),
    safeState: { ...oneOf("when nobody controls it", ["on", "off", "hold"]), default: "off" },
    feedbackLine: gpioLine("input that shows whether the fan really runs; empty: none"),
    feedbackKind: oneOf("a contact that is closed while it runs, or a tachometer's pulses", [
      ...FEEDBACK_KINDS,
    ]),
    feedbackActiveLow: flag("whether a low level means that it runs"),
    feedbackPull: oneOf("the input's own resistor", [...PULLS]),
    feedbackWithin: duration(
      "longest from a command until the feedback agrees",
      "5s",
      SECOND / 2,
      60 * SECOND,
    ),
    overrideFor: duration("life of an override", "240m", SECOND, 7 * DAY),
    minimumOn: duration("shortest run", "1m", 0, DAY),
    minimumOff: duration("shortest rest", "1m", 0, DAY),
    switchesPerHour: count("most switches, on and off together", 30, 1, MOST_SWITCHES_PER_HOUR),
    responseAfter: duration(
      "it has run for so long and the air has not moved: alert",
      "30m",
      SECOND,
      7 * DAY,
    ),
  },
  outbox: {
    maxMebibytes: count("disk space for samples; beyond it the oldest go", 64, 4, 65_536),
    maxAge: duration("samples older than this go", "30d", 60 * SECOND, 3650 * DAY),
    syncEvery: duration("what a power cut may take at most", "10s", SECOND / 10, HOUR),
    memoryCapacity: count("samples kept in memory while the disk cannot be used", 10_000, 1, 1_000_000),
    inFlight: count("messages sent before the first is acknowledged", 8, 1, 1000),
    perSecond: amount("most messages a second; 0: no bound", 3, 0, 100_000),
  },
  status: {
    socket: { doc: "Unix socket; empty: status.sock in the state directory", format: "text", default: "" },
    listen: {
      doc: "loopback address:port for /status and /metrics; empty: none",
      format: "loopback",
      default: "",
    },
  },
  simulation: {
    seed: count("same seed, same cave", 1, 0, 4_294_967_295),
    speed: amount("simulated seconds a second", 1, 0.1, 3600),
  },
  log: {
    level: { ...oneOf("least level that is written", [...LOG_LEVELS]), default: "info" },
    format: oneOf("json, pretty, or by whether standard output is a terminal", ["auto", "json", "pretty"]),
  },
};

/** Known keys by section, for the message about an unknown one. */
export const KNOWN_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SECTIONS).map(([section, keys]) => [section, Object.keys(keys)]),
);

const NUMERIC = new Set<unknown>(["amount", "count"]);

/** True for a key whose value can be nothing but a number. */
export function isNumeric(section: string, key: string): boolean {
  const item = new Map(Object.entries(SECTIONS)).get(section)?.[key];
  if (!item) return false;
  return NUMERIC.has(item.format) || (item.format === "caveSetting" && typeof item.default === "number");
}

/** A fresh convict instance holding defaults and the given environment. */
export function createSchema(environment: Record<string, string | undefined>) {
  const schema = Object.fromEntries(
    Object.entries(SECTIONS).map(([section, keys]) => [
      section,
      Object.fromEntries(
        Object.entries(keys).map(([key, item]) => [
          key,
          { ...item, env: environmentName(`${section}.${key}`) },
        ]),
      ),
    ]),
  );
  return convict<Record<string, Record<string, unknown>>>(schema as never, {
    env: environment as never,
    args: [],
  });
}
