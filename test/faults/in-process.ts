import type { TestContext } from "node:test";
import { pino } from "pino";
import { type Agent, startAgent as startRooms } from "#agent/agent.js";
import { type Config, loadConfig } from "#agent/config.js";
import { LINUX, type Machine } from "#agent/health/doctor/check.js";
import { type Clock, systemClock } from "#agent/lib/clock.js";
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
  stop(): Promise<unknown>;
}

export interface InnerOptions extends AgentOptions {
  /** What is not as Linux has it: the byte edge of the I2C buses, where time services are asked. */
  machine?: Partial<Machine>;
  changes?: Changes;
}

export async function startInside(
  t: TestContext,
  rig: CloudRig,
  clock: Clock,
  { machine, changes = {}, ...options }: InnerOptions = {},
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
    machine: { ...LINUX, ...machine },
  });
  agent.fault.catch(() => undefined);
  let stopped: Promise<unknown> | undefined;
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
