import { setMaxListeners } from "node:events";
import type { Config } from "../../config.ts";
import { isAgentError, messageOf } from "../../errors.ts";
import { linkSignals } from "../../lib/abort.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { VERSION } from "../../lib/package.ts";
import { certificateCheck } from "./certificate.ts";
import { type Check, type Configuration, type Finding, type Ground, LINUX, type Report } from "./check.ts";
import { clockCheck } from "./clock.ts";
import { configurationCheck } from "./configuration.ts";
import { connectionCheck } from "./connection.ts";
import { diskCheck } from "./disk.ts";
import { dnsCheck } from "./dns.ts";
import { dpsCheck } from "./dps.ts";
import { gpioCheck } from "./gpio.ts";
import { hubCheck } from "./hub.ts";
import { i2cCheck } from "./i2c.ts";
import { keyCheck } from "./key.ts";

/** All checks, in the order of the report: each cause stands above what follows from it. */
export const CHECKS: readonly Check[] = [
  configurationCheck,
  clockCheck,
  certificateCheck,
  keyCheck,
  dnsCheck,
  dpsCheck,
  hubCheck,
  connectionCheck,
  diskCheck,
  i2cCheck,
  gpioCheck,
];

const DEADLINE = 5000;

/** What doctor is given; what is left out is the machine itself, and the checks above. */
export interface DoctorParts extends Omit<Ground, "machine"> {
  machine?: Ground["machine"];
  checks?: readonly Check[];
}

/** A configuration that is in use. */
export function usable(config: Config): Configuration {
  return { config, error: undefined, broken: new Set() };
}

/** Runs all checks at once, each by itself and for at most 5 s, or its own deadline. Never rejects; `signal` ends those that still look. */
export async function runDoctor(parts: DoctorParts, signal: AbortSignal): Promise<Report> {
  const ground: Ground = { ...parts, machine: parts.machine ?? LINUX };
  const at = new Date(parts.clock.now()).toISOString();
  const stopping = linkSignals(signal);
  // Each check listens to it: more than ten are many, but no leak.
  setMaxListeners(0, stopping.signal);
  const checks = await Promise.all(
    (parts.checks ?? CHECKS).map(async (check) => ({
      id: check.id,
      title: check.title,
      ...(await find(check, ground, stopping.signal)),
    })),
  );
  stopping.release();
  const counts = { ok: 0, warning: 0, failed: 0, skipped: 0 };
  for (const { result } of checks) counts[result] += 1;
  return { at, agent: VERSION, counts, checks };
}

async function find(check: Check, ground: Ground, signal: AbortSignal): Promise<Finding> {
  try {
    signal.throwIfAborted();
    return await withDeadline(
      (ending) => look(check, ground, ending),
      {
        after: check.deadline ?? DEADLINE,
        code: "CHECK_TIMEOUT",
        awaiting: check.title,
        remedy: "check the network, or the disk, that the check waits for",
      },
      ground.clock,
      signal,
    );
  } catch (error) {
    if (signal.aborted) return { result: "skipped", detail: "stopped" };
    const remedy = isAgentError(error) ? error.remedy : "report this fault with doctor's output";
    return { result: "failed", detail: messageOf(error), remedy };
  }
}

async function look(check: Check, ground: Ground, signal: AbortSignal): Promise<Finding> {
  if (check.needs === undefined) return check.look(ground, signal);
  const { config, broken } = ground.configuration;
  if (!config) return { result: "skipped", detail: "the configuration cannot be read" };
  const missing = check.needs.filter((key) => broken.has(key));
  if (missing.length > 0) {
    return { result: "skipped", detail: `${missing.join(", ")} must be correct first` };
  }
  return check.look({ ...ground, config }, signal);
}
