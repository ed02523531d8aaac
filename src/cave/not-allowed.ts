/** As much of a foreign value as is shown: it goes into the twin, answers and the log, and must not make them long. */
export const SHOWN_CHARACTERS = 60;

/** Why a value from outside is refused, one line for a person: key, value, what is allowed. */
export function notAllowed(key: string, value: unknown, allowed: string): string {
  const fault = value === undefined ? "is missing" : `${show(value)} is not allowed`;
  return `${key}: ${fault}; give ${allowed}`;
}

/** A value from outside, cut short. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
  }
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
