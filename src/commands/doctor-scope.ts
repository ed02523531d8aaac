import { existsSync } from "node:fs";
import { devNull } from "node:os";
import type { Config, Environment } from "../config.ts";
import type { Line } from "../fan/line.ts";
import type { Check, Configuration, ConfiguredCheck, MachineCheck } from "../health/doctor/check.ts";
import { gpioCheck } from "../health/doctor/gpio.ts";
import { i2cCheck } from "../health/doctor/i2c.ts";
import { CHECKS } from "../health/doctor/run.ts";
import { salvageConfiguration } from "../health/doctor/salvage.ts";

export interface ScopeOptions {
  /** The configuration, TOML. Undefined: `usualFile` if it is there; else there is none yet. */
  file: string | undefined;
  usualFile?: string;
  /** Take the place of what the configuration says; whoever gives one wants to know of the real thing. */
  bus?: number | undefined;
  line?: Line | undefined;
}

/** What can be looked at, and how. */
export interface Scope {
  configuration: Configuration;
  checks: readonly Check[];
}

/**
 * All that the configuration says; without one, what needs none. That there is none is a fault of its own, unless bus or
 * line is named: then somebody wires a gateway, and asks for these only.
 */
export function chooseScope(options: ScopeOptions, environment: Environment): Scope {
  const { file, usualFile = devNull, bus, line } = options;
  const isMissing = file === undefined && !existsSync(usualFile);
  const found = salvageConfiguration(file ?? usualFile, environment);
  const salvaged = isMissing ? salvageConfiguration(devNull, environment) : found;
  const isNamed = bus !== undefined || line !== undefined;
  const isOtherBus = bus !== undefined && bus !== salvaged.config?.sensor.bus;
  return {
    configuration: {
      config: salvaged.config && named(salvaged.config, options),
      error: isMissing && isNamed ? undefined : found.error,
      broken: new Set([...salvaged.broken].filter((key) => !isReplaced(key, options))),
    },
    checks: CHECKS.map((check) => {
      if (check === i2cCheck) return isOtherBus ? withoutAgent(i2cCheck) : check;
      if (check === gpioCheck && line) return withoutAgent(gpioCheck);
      if (!isMissing) return check;
      if (check === gpioCheck) return skipped(check, "no line is named: name the fan's, as --line GPIO17");
      if (check.id === "configuration" && isNamed) return skipped(check, `there is no ${usualFile} yet`);
      return check.needs ? skipped(check, "it needs a configuration, and there is none yet") : check;
    }),
  };
}

function named(config: Config, { bus, line }: ScopeOptions): Config {
  const { sensor, fan } = config;
  return {
    ...config,
    ...(bus !== undefined && { sensor: { ...sensor, source: "sht31", bus } }),
    ...(line && { fan: { ...fan, line, driver: "auto", activeLow: false, feedbackLine: undefined } }),
  };
}

function isReplaced(key: string, { bus, line }: ScopeOptions): boolean {
  if (line && key.startsWith("fan.")) return true;
  return bus !== undefined && (key === "sensor.bus" || key === "sensor.source");
}

/** What the running agent says is of its own bus and line, not of these. */
function withoutAgent(check: ConfiguredCheck): ConfiguredCheck {
  return { ...check, look: (ground, signal) => check.look({ ...ground, running: undefined }, signal) };
}

function skipped({ id, title }: Check, detail: string): MachineCheck {
  return { id, title, look: async () => ({ result: "skipped", detail }) };
}
