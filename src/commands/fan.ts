import { type AgentError, isAgentError } from "../errors.ts";
import type { FanConfig } from "../fan/config.ts";
import { openFan } from "../fan/open.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { EXIT } from "./exit.ts";
import { chooseFan, type FanChoice, type FanChoiceOptions } from "./fan-choice.ts";
import { askWhoRuns, isHeldBy, type Running } from "./fan-running.ts";
import { fanStatus } from "./fan-status.ts";
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
}

/**
 * `cave-agent fan`: the fan by hand, for whoever wires it, with or without a configuration; and `safe`, for a service
 * manager that has found the agent dead. Resolves to the exit code: 0 if it was done or there was nothing to do, 75 if a
 * running agent has the fan, 70 if the fan does not obey, 78 if it is not told which line it is.
 */
export async function fan(options: FanOptions, parts: FanParts = {}): Promise<number> {
  const { output = standardOutput, clock = systemClock, environment = process.env } = parts;
  const complain = (error: AgentError, code: number) => {
    output.complain(`${error.message}\n${error.remedy}\n`);
    return code;
  };
  let choice: FanChoice;
  try {
    choice = chooseFan(options, environment);
  } catch (error) {
    if (isAgentError(error)) return complain(error, EXIT.configuration);
    throw error;
  }
  try {
    const running = await askWhoRuns(choice.socket);
    const work = { ...options, choice, running, clock, output };
    if (options.action === "status") return await fanStatus(work);
    return options.action === "safe" ? await makeSafe(work) : await switchFan(work, options.action === "on");
  } catch (error) {
    if (isAgentError(error)) return complain(error, EXIT.fault);
    throw error;
  }
}

interface Work extends FanOptions {
  choice: FanChoice;
  running: Running;
  clock: Clock;
  output: Output;
}

function open(config: FanConfig, { choice, clock }: Work) {
  const silent = { onTaken: () => undefined, onFault: () => undefined, onRecovered: () => undefined };
  return openFan(config, { clock, sensorSource: choice.sensorSource, ...silent });
}

async function switchFan(work: Work, on: boolean): Promise<number> {
  const { choice, running, output, json, signal } = work;
  if (isHeldBy(running)) {
    output.complain(
      "the running agent has the fan\nstop it first (systemctl stop cave-agent), or ask it: SetFanState\n",
    );
    return EXIT.busy;
  }
  // Whoever tries a fan leaves it as he has set it.
  const held = open({ ...choice.fan, safeState: "hold" }, work);
  try {
    await held.open();
    const { driver, detail } = held.describe();
    if (driver === "simulated" || driver === "none") {
      output.complain(
        `there is no real fan to switch: ${detail}\nset fan.line, or name the line by --line\n`,
      );
      return EXIT.configuration;
    }
    await held.set(on);
    await held.confirmed(signal);
    const remains = driver === "sysfs" ? "level" : "while-held";
    const state = held.state();
    output.say(
      json
        ? `${JSON.stringify({ state, driver, detail, remains })}\n`
        : `the fan is ${state}: ${detail}\n${REMAINS[remains]}\n`,
    );
    if (remains === "while-held") await untilAborted(signal);
  } finally {
    await held.release();
  }
  return EXIT.stopped;
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
  const say = (done: boolean, text: string) => {
    output.say(json ? `${JSON.stringify({ done, safeState, detail: text })}\n` : `${text}\n`);
    return EXIT.stopped;
  };
  if (running.is === "running") return say(false, "nothing to do: the agent runs, and keeps the fan itself");
  if (safeState === "hold") return say(false, 'nothing to do: fan.safeState is "hold"');
  const dead = open({ ...choice.fan, feedbackLine: undefined }, work);
  await dead.open();
  const { driver, detail } = dead.describe();
  await dead.release();
  if (driver === "simulated" || driver === "none") return say(false, `nothing to do: ${detail}`);
  return say(true, `the fan was switched ${safeState}: ${detail}`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
