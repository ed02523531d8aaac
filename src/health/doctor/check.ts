import type { Config } from "../../config.ts";
import type { AgentError } from "../../errors.ts";
import type { KeptAssignment } from "../../hub/assignment.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Patience } from "../../lib/patience.ts";
import { openI2cAdapter } from "../../sensor/i2c.ts";
import type { OpenI2cAdapter } from "../../sensor/i2c-bus.ts";
import type { TimeServices } from "../clock/synchronized.ts";
import { type Code, isCode } from "../codes.ts";
import type { StatusDocument } from "../status.ts";

/** `skipped`: it does not apply here, or it could not be told; that is no fault. */
export type Result = "ok" | "warning" | "failed" | "skipped";

/** What one check found. */
export interface Finding {
  result: Result;
  /** What was seen, for people. Never holds a secret. */
  detail: string;
  /** What to do about it; with every warning and failure. */
  remedy?: string;
  /** The code of docs/errors.md, for programs; left out where none fits. */
  code?: Code;
}

export interface CheckResult extends Finding {
  /** Stable, for programs. */
  id: string;
  title: string;
}

/** What doctor found, in the order of its checks. */
export interface Report {
  /** ISO 8601 in UTC. */
  at: string;
  /** Version of the agent that looked. */
  agent: string;
  counts: Record<Result, number>;
  checks: CheckResult[];
}

/** The configuration as far as it can be used. */
export interface Configuration {
  /** Undefined if nothing of it can be used. */
  config: Config | undefined;
  /** Why it cannot be used as a whole; undefined if it can. */
  error: AgentError | undefined;
  /** The keys, as `section.key`, that are wrong; in `config` something stands in for them. */
  broken: ReadonlySet<string>;
}

/** Where the machine shows what it has. */
export interface Machine extends TimeServices {
  devices: string;
  sysfsGpio: string;
  /** Where libgpiod's tools are looked for; left out: in the process's own PATH. */
  toolPath?: string;
  /** The byte edge of its I2C buses. */
  openAdapter: OpenI2cAdapter;
}

export const LINUX: Machine = {
  devices: "/dev",
  sysfsGpio: "/sys/class/gpio",
  timesync: "/run/systemd/timesync",
  chronyPort: 323,
  ntpPort: 123,
  openAdapter: openI2cAdapter,
};

/** The field `code` of a finding, if docs/errors.md has such a code. */
export function codeOf(code: string | null): Pick<Finding, "code"> {
  return isCode(code) ? { code } : {};
}

/** What checks look at. */
export interface Ground {
  configuration: Configuration;
  /** `host` or `host:port` of the assigned hub, where it is known. */
  hub: string | undefined;
  /** What an earlier run was assigned. */
  assignment?: KeptAssignment | undefined;
  /** What an agent that runs with this configuration says of itself. */
  running?: StatusDocument | undefined;
  /** No agent runs with it: doctor may speak to cloud and sensor in its place. */
  isAlone?: boolean;
  /** With the state directory's disk. Left out: it is waited for. */
  patience?: Patience;
  /** With the GPIO chips, as above. */
  gpioPatience?: Patience;
  clock: Clock;
  machine: Machine;
}

/** A check that looks whatever the configuration is. */
export interface MachineCheck {
  id: string;
  title: string;
  needs?: undefined;
  /** Milliseconds; 5 s unless told. */
  deadline?: number;
  look(ground: Ground, signal: AbortSignal): Promise<Finding>;
}

/** A check of what the configuration says; skipped while a key that it needs is wrong. */
export interface ConfiguredCheck {
  id: string;
  title: string;
  /** As `section.key`. */
  needs: readonly string[];
  /** Milliseconds; 5 s unless told. */
  deadline?: number;
  look(ground: Ground & { config: Config }, signal: AbortSignal): Promise<Finding>;
}

/** One check, one file. It may throw: that is a failure, with the error's own remedy if it has one. */
export type Check = MachineCheck | ConfiguredCheck;
