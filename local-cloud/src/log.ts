import { type Logger, pino } from "pino";

export type { Logger };

/** JSON lines on standard error: standard output belongs to what the command answers. */
export function createLog(level: string): Logger {
  return pino({ name: "cave-cloud", level }, pino.destination({ dest: 2, sync: true }));
}

export const silentLog: Logger = pino({ level: "silent" });
