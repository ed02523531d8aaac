import pino, { type LogFn, type Logger } from "pino";
import pretty from "pino-pretty";
import { systemClock } from "./lib/clock.ts";
import { createRateLimit } from "./lib/rate-limit.ts";

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

/** The same warning or error is written once in so many milliseconds; the next one says how many were left out. */
const REPEAT_AFTER = 60_000;
const WARN = 40;

/** The kind of a line, and what is told of it should it be left out; undefined for a line that always gets through. */
function kindOf(fields: unknown, message: unknown): { kind: string; text: string } | undefined {
  if (typeof fields !== "object" || fields === null || !("event" in fields)) return undefined;
  const { event } = fields;
  if (!("cause" in fields)) return { kind: `${event}`, text: `${event}: ${message}` };
  // Two conditions may have one cause: the graver one must not be left out for the sake of the other.
  const isCoded = String(event).startsWith("condition-") && "code" in fields;
  const kind = isCoded ? `${event}: ${fields.code}: ${fields.cause}` : `${event}: ${fields.cause}`;
  return { kind, text: kind };
}

/** For people the message has to say it all; only a cause that it leaves out is put behind it. */
const PRETTY = {
  colorize: process.stdout.isTTY === true,
  hideObject: true,
  sync: true,
  messageFormat: ({ msg = "", cause }: Record<string, unknown>) =>
    cause === undefined || String(msg).includes(String(cause)) ? String(msg) : `${msg}: ${cause}`,
};

/** A log, and the end of it. */
export interface Log {
  log: Logger;
  /** Says how many repeated lines were left out that no later line has told of; to be called last. */
  end(): void;
}

/** The agent's log: one line an event, each with a stable `event` name. Writes to standard output. */
export function createLog(level: LogLevel, format: LogFormat): Log {
  const limit = createRateLimit({ clock: systemClock, every: REPEAT_AFTER });
  const readable = format === "pretty" || (format === "auto" && process.stdout.isTTY === true);
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: "[redacted]" },
    hooks: {
      logMethod(this: Logger, words: Parameters<LogFn>, write: LogFn, levelNumber: number) {
        const [fields, message] = words as [unknown, unknown];
        const line = levelNumber >= WARN ? kindOf(fields, message) : undefined;
        const permission = line && limit.allow(line.kind, line.text);
        if (permission && !permission.allowed) return;
        if (permission && permission.suppressed > 0) {
          const { suppressed, texts } = permission;
          const others = texts.filter((text) => text !== line.text);
          words[0] = {
            ...(fields as object),
            suppressed,
            ...(others.length > 0 && { leftOut: others }),
          } as never;
        }
        write.apply(this, words);
      },
    },
  };
  const log = pino(options, readable ? pretty(PRETTY) : pino.destination({ dest: 1, sync: true }));
  function end(): void {
    for (const { suppressed, texts } of limit.flush()) {
      const cause = texts.join("; ");
      const times = suppressed === 1 ? "once" : `${suppressed} times`;
      log.warn({ event: "suppressed", cause, suppressed }, `left out ${times}: ${cause}`);
    }
  }
  return { log, end };
}

/** Sets the level of `log` for a while; the returned function gives the one before and lets the last call win. */
export function temporaryLevel(log: Logger): (level: LogLevel, duration: number) => LogLevel {
  const configured = log.level as LogLevel;
  let timer: NodeJS.Timeout | undefined;
  return (level, duration) => {
    const old = log.level as LogLevel;
    clearTimeout(timer);
    log.level = level;
    timer = setTimeout(() => {
      log.level = configured;
    }, duration).unref();
    return old;
  };
}
