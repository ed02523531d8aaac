import { messageOf, usageError } from "./errors.ts";
import type { JsonObject, JsonValue } from "./service/service.ts";

/**
 * JSON, or a bare word taken as a JSON string, so that nobody has to quote twice: `on`, `11`, `true`, `{"state":"on"}`.
 * @throws FleetError USAGE for what starts like JSON and is not, and for a number that is too large for one
 */
export function parseValue(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!/^\s*[[{"]/.test(text)) return text;
    throw usageError(
      `${text} is not valid JSON: ${messageOf(error)}`,
      `give JSON in single quotes, such as '{"state": "on", "minutes": 10}', or a bare word`,
    );
  }
  if (isBounded(value)) return value;
  throw usageError(`${text} has a number that is too large`, "give one below 1.8e308");
}

/** JSON writes infinity as null, which would remove what was to be set. */
function isBounded(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isBounded);
}

/**
 * `key=value` pairs as a patch to the desired properties; the limits on keys are IoT Hub's ("Understand and use device
 * twins": no control characters, `.`, `$` or space, at most 1 KB).
 * @throws FleetError USAGE
 */
export function parseAssignments(words: string[]): JsonObject {
  const patch: JsonObject = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 1) throw usageError(`${JSON.stringify(word)} is not key=value`, "write targetTemperature=11");
    const key = word.slice(0, at);
    checkKey(key);
    if (Object.hasOwn(patch, key)) throw usageError(`${key} is set twice`, "set it once");
    patch[key] = parseValue(word.slice(at + 1));
  }
  return patch;
}

/** A patch that removes `keys` from the desired properties. */
export function parseRemovals(keys: string[]): JsonObject {
  for (const key of keys) checkKey(key);
  return Object.fromEntries(keys.map((key) => [key, null]));
}

function checkKey(key: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the hub forbids
  const wrong = /[\u0000-\u001f.$ ]/.test(key) || Buffer.byteLength(key) > 1024 || key === "__proto__";
  if (wrong) throw usageError(`${JSON.stringify(key)} cannot be a key in a twin`, "use letters and digits");
}

/**
 * A whole number within bounds, for an option's value.
 * @throws FleetError USAGE, naming the option, the value and the bounds
 */
export function parseCount(
  option: string,
  text: string,
  bounds: { minimum: number; maximum: number },
): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.minimum && value <= bounds.maximum) return value;
  throw usageError(
    `${option} cannot be ${JSON.stringify(text)}`,
    `give a whole number from ${bounds.minimum} to ${bounds.maximum}`,
  );
}

/**
 * The name of a folder as typed.
 * @throws FleetError USAGE if it is empty, which would otherwise mean the folder that one happens to be in
 */
export function parseFolder(option: string, text: string): string {
  if (text.trim() !== "") return text;
  throw usageError(`${option} cannot be empty`, "name a folder, or leave the option out");
}

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600 };

/**
 * Seconds of a duration with its unit: `30s`, `5m`, `2h`; at least 5 s, at most 24 h.
 * @throws FleetError USAGE: a bare number is refused, since nobody knows what it counts
 */
export function parseRunTime(option: string, text: string): number {
  const [, digits, unit] = /^([0-9]{1,6})(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (seconds >= 5 && seconds <= 86_400) return seconds;
  throw usageError(
    `${option} cannot be ${JSON.stringify(text)}`,
    "give a time with its unit from 5s to 24h, such as 30s or 5m",
  );
}
