import { checkSetting, isSettingKey, SETTING_RULES } from "./cave/settings.ts";
import { LINE_FORMS, parseLine } from "./fan/line.ts";
import { durationText, parseDuration } from "./lib/duration.ts";
import { parseLoopback } from "./lib/loopback.ts";

/** What our schema items carry beyond convict's own fields. */
export interface Bounds {
  minimum?: number;
  maximum?: number;
  /** Durations: bounds in milliseconds. */
  shortest?: number;
  longest?: number;
  /** The only values of a `word`. */
  words?: string[];
  /** The key of `Settings` that a `caveSetting` is. */
  setting?: string;
}

/** convict leaves falsy values out of its message, so they are put in here. */
function refuse(allowed: string, value: unknown): never {
  if (value === null) throw new Error(`is required: ${allowed}`);
  // JSON knows no nan.
  const text = typeof value === "number" ? String(value).toLowerCase() : JSON.stringify(value);
  throw new Error(value ? allowed : `${allowed}: value was ${text}`);
}

// convict has lists of words itself, but leaves a false or an empty one out of its message.
function checkWord(value: unknown, item: object): void {
  const { words = [] }: Bounds = item;
  if (!words.some((word) => word === value)) {
    refuse(`must be one of the possible values: ${JSON.stringify(words)}`, value);
  }
}

function checkDuration(value: unknown, item: object): void {
  const { shortest = 0, longest = Number.MAX_SAFE_INTEGER }: Bounds = item;
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined || milliseconds < shortest || milliseconds > longest) {
    const range =
      longest < Number.MAX_SAFE_INTEGER ? ` from ${durationText(shortest)} to ${durationText(longest)}` : "";
    refuse(`must be a duration${range}, such as "500ms", "10s", "5m", "4h"`, value);
  }
}

function checkNumber(value: unknown, item: object): void {
  const { minimum = -Infinity, maximum = Infinity }: Bounds = item;
  if (typeof value !== "number" || !(value >= minimum && value <= maximum)) {
    refuse(`must be a number from ${minimum} to ${maximum}`, value);
  }
}

function checkCount(value: unknown, item: object): void {
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Bounds = item;
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    refuse(`must be a whole number from ${minimum} to ${maximum}`, value);
  }
}

// convict's own coercion reads "12abc" as 12; a typing slip in the environment must not pass for a number.
function strictNumber(text: string): unknown {
  return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text;
}

// convict's own coercion takes every word but "false" for true.
function strictFlag(text: string): unknown {
  return text === "true" ? true : text === "false" ? false : text;
}

function checkFlag(value: unknown): void {
  if (typeof value !== "boolean") refuse("must be true or false", value);
}

function checkLine(value: unknown): void {
  if (typeof value === "string" && (value === "" || parseLine(value))) return;
  // A table that is no line comes as its text.
  const isTable = typeof value === "string" && value.startsWith("{");
  const [missing] = ["chip", "offset"].filter((key) => isTable && !value.includes(`'${key}':`));
  refuse(`must be ${LINE_FORMS}${missing ? `; ${missing} is missing` : ""}`, value);
}

function checkText(pattern: RegExp, allowed: string): (value: unknown) => void {
  return (value) => {
    if (typeof value !== "string" || !pattern.test(value)) refuse(allowed, value);
  };
}

/** What others could reach would tell them of the cave, and let them ask without end. */
function checkLoopback(value: unknown): void {
  if (value === "" || (typeof value === "string" && parseLoopback(value))) return;
  refuse(
    'must be a loopback address and port, such as "127.0.0.1:9464", or empty; to be asked from another machine, put ' +
      "a proxy with authentication in front",
    value,
  );
}

/** A cave setting has the same range whether it comes from this file or from the twin. */
function checkCaveSetting(value: unknown, item: object): void {
  const { setting = "" }: Bounds = item;
  if (!isSettingKey(setting)) throw new Error("is no cave setting");
  if (!checkSetting(setting, value).ok) refuse(`must be ${SETTING_RULES[setting].allowed}`, value);
}

const BUS_FILE = /^\/dev\/i2c-(\d{1,3})$/;

/** The number of an I2C bus, given as a number or as its device file; undefined if it is neither. */
export function parseBus(value: unknown): number | undefined {
  const number = typeof value === "string" ? Number(BUS_FILE.exec(value)?.[1] ?? Number.NaN) : value;
  return Number.isInteger(number) && Number(number) >= 0 && Number(number) <= 255
    ? Number(number)
    : undefined;
}

function checkBus(value: unknown): void {
  if (parseBus(value) === undefined) {
    refuse('must be the number of an I2C bus from 0 to 255, or its file, such as "/dev/i2c-1"', value);
  }
}

/** The addresses that an SHT31 can have, and the word for both (SHT3x-DIS datasheet v5, table 7). */
const SENSOR_ADDRESSES: ReadonlyMap<unknown, "auto" | number> = new Map<unknown, "auto" | number>([
  ["auto", "auto"],
  ...[0x44, 0x45].flatMap((address): [unknown, number][] => [
    [address, address],
    [`0x${address.toString(16)}`, address],
  ]),
]);

export function parseSensorAddress(value: unknown): "auto" | number | undefined {
  return SENSOR_ADDRESSES.get(value);
}

function checkSensorAddress(value: unknown): void {
  if (parseSensorAddress(value) === undefined) refuse('must be "auto", 0x44 (68) or 0x45 (69)', value);
}

/** The formats that the schema uses besides lists of allowed words. */
export const FORMATS = {
  word: { validate: checkWord },
  duration: { validate: checkDuration },
  amount: { validate: checkNumber, coerce: strictNumber },
  count: { validate: checkCount, coerce: strictNumber },
  flag: { validate: checkFlag, coerce: strictFlag },
  gpioLine: { validate: checkLine },
  caveSetting: { validate: checkCaveSetting, coerce: strictNumber },
  i2cBus: { validate: checkBus, coerce: strictNumber },
  sensorAddress: { validate: checkSensorAddress, coerce: strictNumber },
  requiredText: { validate: checkText(/\S/, "must be a text that is not empty") },
  text: { validate: checkText(/^/, "must be a text") },
  loopback: { validate: checkLoopback },
  idScope: {
    validate: checkText(
      /^0n[0-9A-Za-z]{4,30}$/,
      "must be the DPS's ID scope, such as 0ne00123ABC; a wrong one is not shown",
    ),
  },
  endpoint: {
    validate: checkText(
      /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$/,
      "must be a host name or host:port, without a scheme or path; a port is from 1 to 65535",
    ),
  },
  deviceId: {
    validate: checkText(
      /^$|^[A-Za-z0-9._:-]{0,63}[A-Za-z0-9-]$/,
      "must be a DPS registration ID: at most 64 of A-Z a-z 0-9 . _ : -, ending in a letter, digit or -",
    ),
  },
};
