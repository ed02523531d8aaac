import pino, { type Logger } from "pino";
import pretty from "pino-pretty";

export type { Logger };

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON for programs, lines with colour for people; `auto` looks whether standard output is a terminal. */
export type LogFormat = "auto" | "json" | "pretty";

// What must never be printed even if somebody logs a whole object by mistake.
const SECRET_PATHS = ["key", "keyPem", "cert", "certificatePem", "idScope"].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** The agent's log: one line an event, each with a stable `event` name. Writes to standard output. */
export function createLog(level: LogLevel, format: LogFormat): Logger {
  const readable = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: "[redacted]" },
  };
  if (!readable) return pino(options, pino.destination({ dest: 1, sync: true }));
  return pino(options, pretty({ colorize: process.stdout.isTTY === true, ignore: "event", sync: true }));
}
