import convict from "convict";
import { type Bounds, FORMATS } from "./config-formats.ts";
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
  format: string | string[];
  /** null: required. */
  default: unknown;
  /** Its value is kept out of messages. */
  sensitive?: boolean;
}

/** Every key of the configuration file: section, key, what it means, its format and its default (null: required). */
const SECTIONS = {
  device: {
    id: { doc: "device id; empty: the leaf certificate's common name", format: "deviceId", default: "" },
    certificateFile: { doc: "PEM: the leaf, then its intermediates", format: "requiredText", default: null },
    keyFile: { doc: "PEM: the leaf's private key, mode 0600", format: "requiredText", default: null },
  },
  provisioning: {
    host: { doc: "DPS endpoint", format: "endpoint", default: "global.azure-devices-provisioning.net" },
    idScope: { doc: "the DPS's ID scope", format: "idScope", default: null, sensitive: true },
    deadline: {
      doc: "longest registration",
      format: "duration",
      default: "2m",
      shortest: 1000,
      longest: 3_600_000,
    },
  },
  tls: {
    trustedCaFile: {
      doc: "PEM: trusted besides none other; empty: the system's CAs",
      format: "text",
      default: "",
    },
  },
  hub: {
    keepAlive: {
      doc: "MQTT keep-alive",
      format: "duration",
      default: "60s",
      shortest: 5000,
      longest: 1_177_000,
    },
  },
  state: {
    directory: {
      doc: "where the agent keeps what outlives it",
      format: "requiredText",
      default: "/var/lib/cave-agent",
    },
  },
  sensor: {
    source: { doc: "what measures", format: ["simulated"], default: "simulated" },
    readEvery: {
      doc: "time between readings",
      format: "duration",
      default: "5s",
      shortest: 500,
      longest: 600_000,
    },
    staleAfter: {
      doc: "no reading for so long: safe state",
      format: "duration",
      default: "1m",
      shortest: 1000,
      longest: 86_400_000,
    },
  },
  cave: Object.fromEntries(
    Object.entries(CAVE_DEFAULTS).map(([setting, value]) => [
      setting,
      { doc: "used until the twin says otherwise", format: "caveSetting", default: value, setting },
    ]),
  ),
  fan: {
    driver: { doc: "what moves the air", format: ["simulated"], default: "simulated" },
    safeState: { doc: "when nobody controls it", format: ["on", "off", "hold"], default: "off" },
    overrideFor: {
      doc: "life of an override",
      format: "duration",
      default: "240m",
      shortest: 1000,
      longest: 604_800_000,
    },
  },
  outbox: {
    capacity: {
      doc: "samples kept while offline",
      format: "count",
      default: 10_000,
      minimum: 1,
      maximum: 1_000_000,
    },
    inFlight: {
      doc: "messages sent before the first is acknowledged",
      format: "count",
      default: 8,
      minimum: 1,
      maximum: 100,
    },
  },
  simulation: {
    seed: { doc: "same seed, same cave", format: "count", default: 1, minimum: 0, maximum: 4_294_967_295 },
    speed: { doc: "simulated seconds a second", format: "amount", default: 1, minimum: 0.1, maximum: 3600 },
  },
  log: {
    level: { doc: "least level that is written", format: [...LOG_LEVELS], default: "info" },
    format: {
      doc: "json, pretty, or by whether standard output is a terminal",
      format: ["auto", "json", "pretty"],
      default: "auto",
    },
  },
} satisfies Record<string, Record<string, Item>>;

/** Known keys by section, for the message about an unknown one. */
export const KNOWN_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(SECTIONS).map(([section, keys]) => [section, Object.keys(keys)]),
);

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
