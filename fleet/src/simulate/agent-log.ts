import type { JsonObject, JsonValue } from "../service/service.ts";
import { parseCounts } from "../service/status.ts";

/** Counts that an agent gave when it stopped. */
export type FinalCounts = NonNullable<ReturnType<typeof parseCounts>>;

/** What this program takes from a line of an agent's log. */
export interface LogLine {
  event: string;
  /** Present with the event `stopped`. */
  outbox: FinalCounts | undefined;
  /** The message of an error or fatal line, with its cause; undefined for the others. */
  error: string | undefined;
}

/** pino's number for `error`; `fatal` is 60. */
const ERROR_LEVEL = 50;

/** Reads one line. What is no JSON, such as the trace of a crash, counts as an error. */
export function parseLogLine(text: string): LogLine | undefined {
  if (text.trim() === "") return undefined;
  const line = parseObject(text);
  if (line === undefined) return { event: "", outbox: undefined, error: text.trim() };
  return {
    event: typeof line.event === "string" ? line.event : "",
    outbox: parseCounts(line.outbox),
    error: typeof line.level === "number" && line.level >= ERROR_LEVEL ? errorText(line) : undefined,
  };
}

function errorText(line: JsonObject): string {
  const cause = isObject(line.err) && typeof line.err.message === "string" ? line.err.message : "";
  const message = typeof line.msg === "string" ? line.msg : "";
  return [message, message.includes(cause) ? "" : cause].filter(Boolean).join(": ");
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
