import { type AzureError, invalidArgument, tooLarge } from "../azure-error.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";

// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins#device-twin-size and #tags-and-properties-format
export const LARGEST_PROPERTIES = 32 * 1024;
export const LARGEST_TAGS = 8 * 1024;
const DEEPEST = 10;
const LONGEST_KEY = 1024;
const LONGEST_STRING = 4096;
const LARGEST_INTEGER = 4503599627370496;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what Azure forbids in a key.
const FORBIDDEN_IN_KEY = /[\u0000-\u001f\u007f-\u009f.$ ]/;

/** Why a patch or document of a twin section cannot be taken; undefined when it can. */
export function judgeSection(section: string, document: JsonObject): AzureError | undefined {
  for (const [key, value] of Object.entries(document)) {
    // A service that writes back what it read sends these along; Azure ignores them.
    if (key === "$version" || key === "$metadata") continue;
    const fault = judgeEntry(`${section}.${key}`, key, value, 1);
    if (fault) return invalidArgument(fault);
  }
  return undefined;
}

/** Judged after the merge: the limit is on what is kept. */
export function judgeSize(section: string, document: JsonObject, limit: number): AzureError | undefined {
  const size = Buffer.byteLength(JSON.stringify(document));
  return size > limit ? tooLarge(`${section} has ${size} bytes, ${limit} are allowed`) : undefined;
}

function judgeEntry(path: string, key: string, value: Json, depth: number): string | undefined {
  if (depth > DEEPEST) return `${path}: nested deeper than ${DEEPEST} levels`;
  if (Buffer.byteLength(key) > LONGEST_KEY)
    return `${path.slice(0, 80)}…: the key is longer than ${LONGEST_KEY} bytes`;
  if (key === "" || FORBIDDEN_IN_KEY.test(key)) {
    return `${path}: a key must not be empty or hold control characters, '.', '$' or a space`;
  }
  // Azure has no such rule; a merge in JavaScript would change the object's prototype instead of a property.
  if (key === "__proto__") return `${path}: this key is not supported`;
  return judgeValue(path, value, depth);
}

function judgeValue(path: string, value: Json, depth: number): string | undefined {
  if (typeof value === "string" && Buffer.byteLength(value) > LONGEST_STRING) {
    return `${path}: a string must not be longer than ${LONGEST_STRING} bytes`;
  }
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) > LARGEST_INTEGER) {
    return `${path}: an integer must lie between -${LARGEST_INTEGER} and ${LARGEST_INTEGER}`;
  }
  const entries: [string, Json][] = Array.isArray(value)
    ? value.map((item, index) => [`item${index}`, item])
    : isObject(value)
      ? Object.entries(value)
      : [];
  for (const [key, inner] of entries) {
    const fault = judgeEntry(`${path}.${key}`, key, inner, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}
