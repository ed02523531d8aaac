/** What came out of a record that may be missing, torn or made by another version. */
export interface Restored<State> {
  readonly state: State;
  /** Why the record was not used, in one line for a person; undefined if it was, or if there was none. */
  readonly problem: string | undefined;
}

/** The fields of a record; undefined if it is none. */
export function fieldsOf(record: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof record !== "object" || record === null || Array.isArray(record)) return undefined;
  return Object.fromEntries(Object.entries(record));
}

/** True for a finite number of milliseconds, 0 or more. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

const SHOWN_CHARACTERS = 60;

/** One line that names field, value and what would be allowed. A broken file must not make it long. */
export function refusal(field: string, value: unknown, allowed: string): string {
  const shown = typeof value === "object" && value !== null ? "a list or object" : String(value);
  return `${field}: ${shown.slice(0, SHOWN_CHARACTERS)} is not allowed; expected ${allowed}`;
}
