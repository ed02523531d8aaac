import type { Environment } from "./config.ts";
import { environmentName, KNOWN_KEYS } from "./config-schema.ts";

/** Of the file: sections and keys that nothing reads, a line each. */
export function unknownKeys(document: Record<string, unknown>): string[] {
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

/** The same document without them: convict knows no sections but its own. */
export function withoutUnknown(document: Record<string, unknown>): object {
  const known = Object.entries(document).flatMap(([section, keys]) => {
    const names = KNOWN_KEYS.get(section);
    if (!names || typeof keys !== "object" || keys === null || Array.isArray(keys)) return [];
    return [[section, Object.fromEntries(Object.entries(keys).filter(([key]) => names.includes(key)))]];
  });
  return Object.fromEntries(known);
}

/** Belongs to cave-fleet, which shares the prefix. */
const FOREIGN_VARIABLES = new Set(["CAVE_HUB_CONNECTION_STRING"]);

/** Of the environment: what begins as the agent's variables do, and is none, a line each. */
export function unknownVariables(environment: Environment): string[] {
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
