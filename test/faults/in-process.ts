import type { TestContext } from "node:test";
import { pino } from "pino";
import { type Agent, startAgent as startRooms } from "#agent/agent.js";
import { type Config, loadConfig } from "#agent/config.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
import type { OpenI2cAdapter } from "#agent/sensor/i2c-bus.js";
import type { AgentOptions, CloudRig, LogLine } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { type Changes, writeConfig } from "./agents.ts";

/** The clock of the machine, with a wall clock that is wrong by `offset` milliseconds. */
export interface WrongClock extends Clock {
  offset: number;
}

export function createWrongClock(offset: number): WrongClock {
  const clock: WrongClock = { ...systemClock, offset, now: () => Date.now() + clock.offset };
  return clock;
}

/** An agent in the process of the test, for what no process can be given: another time of day. */
export interface InnerAgent {
  config: Config;
  agent: Agent;
  lines: LogLine[];
  logged(event: string, after?: number): Promise<LogLine>;
  /** Stops it before the end of the test. */
  stop(): Promise<void>;
}

export interface InnerOptions extends AgentOptions {
  /** What is behind the I2C buses. */
  openAdapter?: OpenI2cAdapter;
  changes?: Changes;
}

export async function startInside(
  t: TestContext,
  rig: CloudRig,
  clock: Clock,
  { openAdapter, changes = {}, ...options }: InnerOptions = {},
): Promise<InnerAgent> {
  const config = loadConfig(await writeConfig(rig, changes, options), {});
  const lines: LogLine[] = [];
  const log = pino(
    { level: "debug", base: null },
    { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
  );
  const agent = await startRooms(config, {
    log,
    clock,
    random: Math.random,
    ...(openAdapter && { openAdapter }),
  });
  agent.fault.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= agent.stop();
    return stopped;
  };
  t.after(stop);
  return {
    config,
    agent,
    lines,
    logged: (event, after = 0) =>
      until(`it logs ${event}`, () => lines.slice(after).find((line) => line.event === event), {
        onTimeout: () => lines.map((line) => JSON.stringify(line)).join("\n"),
      }),
    stop,
  };
}
