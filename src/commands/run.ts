import { type Agent, startAgent } from "../agent.ts";
import type { Config } from "../config.ts";
import { causeOf, isAgentError, messageOf } from "../errors.ts";
import { systemClock } from "../lib/clock.ts";
import { leaveWithin } from "../lib/in-kernel.ts";
import { createLog, type Logger } from "../log.ts";
import { EXIT } from "./exit.ts";

/** Whoever asks for a stop is promised one within 3 s; what hangs longer is not worth waiting for. Milliseconds. */
const STOP_DEADLINE = 2700;
/** From the same moment, for what hangs in the kernel then: the process ends by a signal. */
const LEAVE_DEADLINE = 2850;

/**
 * `cave-agent run`: the daemon. Resolves to the exit code once it has stopped on SIGTERM or SIGINT, or because the
 * process that forked it has gone.
 */
export async function run(config: Config): Promise<number> {
  const { log, end } = createLog(config.log.level, config.log.format);
  const asked = stopAsked();
  const crash = crashed();
  let agent: Agent | undefined;
  // By default it would end the process, also while the agent starts: which reads the files anyway.
  process.on("SIGHUP", () => agent?.reload());
  const stopping = new AbortController();
  const starting = startAgent(config, {
    log,
    clock: systemClock,
    random: Math.random,
    signal: stopping.signal,
  });
  let code: number = EXIT.stopped;
  try {
    agent = await Promise.race([starting, crash, asked.then(() => undefined)]);
  } catch (error) {
    return refuse(log, error);
  }
  try {
    const reason = await Promise.race(agent ? [asked, agent.restart, agent.fault, crash] : [asked]);
    stopping.abort();
    log.info({ event: "stopping", reason }, `stopping: ${reason}`);
  } catch (error) {
    log.fatal({ event: "fault", ...causeOf(error), stack: stackOf(error) }, `fault: ${messageOf(error)}`);
    code = EXIT.fault;
  }
  leaveWithin(LEAVE_DEADLINE);
  const stopped = starting.then((started) => started.stop());
  const overdue = systemClock.sleep(STOP_DEADLINE).then(() => "overdue" as const);
  const outbox = await Promise.race([stopped, overdue]).catch(() => undefined);
  end();
  if (outbox === "overdue") log.warn({ event: "stop-overdue" }, "what hangs is given up");
  else if (outbox) log.info({ event: "stopped", outbox }, "stopped");
  return code;
}

function crashed(): Promise<never> {
  const crash = new Promise<never>((_, reject) => {
    process.on("uncaughtException", reject);
    process.on("unhandledRejection", reject);
  });
  crash.catch(() => undefined);
  return crash;
}

function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
    // Forked with an IPC channel: an orphan would go on publishing for a cave that nobody simulates any more.
    const orphaned = () => resolve("the parent process has gone");
    process.once("disconnect", orphaned);
    // It may have gone while the modules were loaded; undefined without such a channel.
    if (process.connected === false) orphaned();
  });
}

function refuse(log: Logger, error: unknown): number {
  const remedy = isAgentError(error) ? error.remedy : "report this fault with the log";
  log.fatal(
    { event: "start-failed", ...causeOf(error), remedy },
    `cannot start: ${messageOf(error)}; ${remedy}`,
  );
  return isAgentError(error) && !error.retryable ? EXIT.configuration : EXIT.fault;
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
