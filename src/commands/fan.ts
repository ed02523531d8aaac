import { existsSync } from "node:fs";
import { type AgentError, isAborted, isAgentError } from "../errors.ts";
import type { FanConfig } from "../fan/config.ts";
import type { Fan } from "../fan/fan.ts";
import { type GpioPlaces, LINUX_GPIO } from "../fan/obstacles.ts";
import { openFan } from "../fan/open.ts";
import type { ToolPath } from "../fan/tool.ts";
import type { HealthDocument } from "../health/document.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { EXIT } from "./exit.ts";
import { chooseFan, type FanChoice, type FanChoiceOptions } from "./fan-choice.ts";
import { type Holder, holderOf } from "./fan-holder.ts";
import { askRunningFan, isAgents } from "./fan-running.ts";
import { describeFanStatus, statusByAgent, statusByLine } from "./fan-status.ts";
import { type Output, standardOutput } from "./output.ts";

export const FAN_ACTIONS = ["on", "off", "status", "safe"] as const;

export interface FanOptions extends FanChoiceOptions {
  action: (typeof FAN_ACTIONS)[number];
  json: boolean;
  /** Ends a fan that is held. */
  signal: AbortSignal;
}

/** The world around it; the real one if left out. */
export interface FanParts {
  output?: Output;
  clock?: Clock;
  environment?: Record<string, string | undefined>;
  places?: GpioPlaces;
  tools?: ToolPath;
}

/** What to do, in which world. */
interface Work extends Required<Omit<FanParts, "environment">>, FanOptions {
  choice: FanChoice;
  /** Undefined: no agent runs. */
  running: HealthDocument["fan"] | undefined;
}

const ACTIONS: Record<FanOptions["action"], (work: Work) => Promise<number>> = {
  on: (work) => switchFan(work, true),
  off: (work) => switchFan(work, false),
  status: tellStatus,
  safe: makeSafe,
};

/**
 * `cave-agent fan`: the fan by hand, for whoever wires it, with or without a configuration; and `safe`, for a service
 * manager that has found the agent dead. Resolves to the exit code: 0 if it was done or there was nothing to do, 75 if a
 * running agent has the fan, 70 if the fan does not obey, 78 if it is not told which line it is.
 */
export async function fan(options: FanOptions, parts: FanParts = {}): Promise<number> {
  const { environment = process.env, ...world } = parts;
  const { output = standardOutput, clock = systemClock, places = LINUX_GPIO, tools = {} } = world;
  try {
    const choice = chooseFan(options, environment);
    if (choice.ignored) {
      const { message } = choice.ignored;
      output.complain(`warning: ${message}\nwithout a configuration no agent that runs with it is found\n`);
    }
    const running = await askRunningFan(choice, options.action === "safe");
    return await ACTIONS[options.action]({ ...options, choice, running, output, clock, places, tools });
  } catch (error) {
    if (isAborted(error)) return EXIT.stopped;
    if (!isAgentError(error)) throw error;
    return complain(output, error);
  }
}

function complain(output: Output, { message, remedy, code }: AgentError): number {
  output.complain(`${message}\n${remedy}\n`);
  return code === "CONFIG_INVALID" ? EXIT.configuration : EXIT.fault;
}

async function tellStatus({ choice, running, output, json, ...parts }: Work): Promise<number> {
  const status =
    running && isAgents(running, choice) ? statusByAgent(running) : await statusByLine(choice, parts);
  output.say(`${json ? JSON.stringify(status) : describeFanStatus(status).join("\n")}\n`);
  return EXIT.stopped;
}

function openQuietly(config: FanConfig, { choice, clock, places, tools }: Work, isWatched = true): Fan {
  const { sensorSource } = choice;
  const quiet = { onTaken: () => undefined, onFault: () => undefined, onRecovered: () => undefined };
  return openFan(config, { sensorSource, clock, places, tools, isWatched, ...quiet });
}

async function switchFan(work: Work, on: boolean): Promise<number> {
  const { choice, running, output, json, signal } = work;
  const { name, doubt }: Holder =
    running && isAgents(running, choice)
      ? { name: "the running agent" }
      : await holderOf(choice, work.line !== undefined, work);
  if (name) {
    output.complain(
      `${name} has the fan\nstop it first (systemctl stop cave-agent), or ask it: SetFanState\n`,
    );
    return EXIT.busy;
  }
  if (doubt) output.complain(`${doubt}\n`);
  // Whoever tries a fan leaves it as he has set it.
  const tried = openQuietly({ ...choice.fan, safeState: "hold" }, work);
  const { driver: kind, detail: why } = tried.describe();
  if (kind === "simulated" || kind === "none") {
    const place = work.file ?? work.usualFile;
    const reason = existsSync(place) ? why : `${why}, and there is no ${place}`;
    output.complain(
      `there is no real fan to switch: ${reason}\nset fan.line in ${place}, or name the line by --line\n`,
    );
    return EXIT.configuration;
  }
  try {
    // Not opened before: a line that nobody drives would be taken in another state than the wanted one.
    await tried.set(on);
    await tried.confirmed(signal);
    const state = tried.state();
    const { driver, detail } = tried.describe();
    const remains = driver === "sysfs" ? "level" : "while-held";
    const text = `the fan is ${state}: ${detail}\n${REMAINS[remains]}`;
    output.say(`${json ? JSON.stringify({ state, driver, detail, remains }) : text}\n`);
    if (remains === "while-held") await untilAborted(signal);
    return EXIT.stopped;
  } finally {
    await tried.release();
  }
}

const REMAINS = {
  level:
    "it stays so after this command, until the agent, another program or a restart of the machine changes it",
  "while-held":
    "it stays so while this command runs: end it with Ctrl-C; then the line is let go, and floats unless the kernel keeps it",
};

async function makeSafe(work: Work): Promise<number> {
  const { choice, running, output, json } = work;
  const { safeState } = choice.fan;
  const say = (done: boolean, detail: string) => {
    output.say(`${json ? JSON.stringify({ done, safeState, detail }) : detail}\n`);
    return EXIT.stopped;
  };
  if (running && isAgents(running, choice)) {
    return say(false, "nothing to do: the agent runs, and keeps the fan itself");
  }
  if (safeState === "hold") return say(false, 'nothing to do: fan.safeState is "hold"');
  // By the agent's own way: another would keep the line from it.
  const dead = openQuietly(choice.fan, work, false);
  await dead.open();
  await dead.release();
  const { driver, detail } = dead.describe();
  if (driver === "simulated" || driver === "none") return say(false, `nothing to do: ${detail}`);
  return say(true, `the fan was switched ${safeState}: ${detail}`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
