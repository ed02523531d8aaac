import type { Pull } from "./fan.ts";

/** A line as libgpiod's tools want it named. */
export interface ToolLine {
  /** `gpiochip0` */
  chip: string;
  offset: number;
  activeLow: boolean;
}

/** The arguments of libgpiod's tools, which changed with version 2. Levels are logical. */
export interface Syntax {
  /** gpioset, so that it holds the line until the process ends. */
  set(line: ToolLine, on: boolean): string[];
  /** gpioget; with `asIs` an output stays one. */
  get(line: ToolLine, options: { pull: Pull } | "as-is"): string[];
  /** gpiomon, a word that `risen` understands for each edge. */
  monitor(line: ToolLine, pull: Pull): string[];
  /** gpioinfo */
  info(line: ToolLine): string[];
  /** Whether a word of `monitor` tells of an edge to active; undefined for no word of it. */
  risen(word: string): boolean | undefined;
  /** What gpioinfo calls a tool that has a line. */
  consumer(tool: string): string;
  /** Whether `get` can read an output without making it an input. */
  readsOutputs: boolean;
}

const BIAS: Record<Exclude<Pull, "as-is">, [v1: string, v2: string]> = {
  up: ["pull-up", "pull-up"],
  down: ["pull-down", "pull-down"],
  disabled: ["disable", "disabled"],
};

/** With the process, so that none takes another agent's hold for its own. */
const CONSUMER = `cave-agent-${process.pid}`;

/** A consumer without its process: `cave-agent` for any agent. */
export const nameOf = (consumer: string) => consumer.replace(/^(cave-agent)-\d+$/, "$1");

const lowFlag = ({ activeLow }: ToolLine) => (activeLow ? ["--active-low"] : []);

/**
 * libgpiod 1.x: Debian 12. The chip comes first, the mode says that gpioset is to stay. Its gpioget has no way to leave an
 * output one (1.6.3).
 */
const VERSION_1: Syntax = {
  set: (line, on) => ["--mode=signal", ...lowFlag(line), line.chip, `${line.offset}=${on ? 1 : 0}`],
  get: (line, options) => [...biasOf(options, 0), ...lowFlag(line), line.chip, String(line.offset)],
  monitor: (line, pull) => [
    "--line-buffered",
    "--format=%e",
    ...biasOf({ pull }, 0),
    ...lowFlag(line),
    line.chip,
    String(line.offset),
  ],
  info: ({ chip }) => [chip],
  risen: (word) => (word === "1" ? true : word === "0" ? false : undefined),
  consumer: (tool) => tool,
  readsOutputs: false,
};

/** libgpiod 2.x: Debian 13. gpioset stays by itself; what it is called is shown to others. */
const VERSION_2: Syntax = {
  set: (line, on) => [...common(line), `${line.offset}=${on ? 1 : 0}`],
  get: (line, options) => [
    "--numeric",
    ...(options === "as-is" ? ["--as-is"] : biasOf(options, 1)),
    ...common(line),
    String(line.offset),
  ],
  monitor: (line, pull) => ["--format=%E", ...biasOf({ pull }, 1), ...common(line), String(line.offset)],
  info: ({ chip, offset }) => [`--chip=${chip}`, String(offset)],
  risen: (word) => (word === "rising" ? true : word === "falling" ? false : undefined),
  consumer: () => CONSUMER,
  readsOutputs: true,
};

function common(line: ToolLine): string[] {
  return [`--consumer=${CONSUMER}`, ...lowFlag(line), `--chip=${line.chip}`];
}

function biasOf(options: { pull: Pull } | "as-is", version: 0 | 1): string[] {
  if (options === "as-is" || options.pull === "as-is") return [];
  return [`--bias=${BIAS[options.pull][version]}`];
}

/** The major version in the output of `gpioset --version`; undefined if it is none of libgpiod. */
export function parseVersion(output: string): number | undefined {
  const major = /\(libgpiod\) v?(\d+)\.\d+/.exec(output)?.[1];
  return major === undefined ? undefined : Number(major);
}

/** Version 3 may keep the options of version 2; if it does not, it says so itself. */
export function syntaxOf(major: number): Syntax {
  return major < 2 ? VERSION_1 : VERSION_2;
}
