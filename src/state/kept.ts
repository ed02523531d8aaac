import { join } from "node:path";
import type { Settings } from "../cave/settings.ts";
import { AgentError, causeOf, isAgentError, messageOf } from "../errors.ts";
import { type KeptAssignment, parseAssignment } from "../hub/assignment.ts";
import { parseKeptSettings } from "../hub/twin.ts";
import { makeFolder } from "../lib/make-folder.ts";
import { createStateFile, type StateFile, type StateFileListener } from "../lib/state-file.ts";
import type { WriteRight } from "../lib/write-right.ts";
import type { Logger } from "../log.ts";
import { type KeptSensor, parseKeptSensor } from "../sensor/auto.ts";
import { DEVICE_FILE, type KeptDevice, parseKeptDevice } from "./device.ts";
import { type FanRecord, parseFanRecord } from "./steering.ts";

/** The agent's small state: a file each, in the state directory. */
export interface Kept {
  assignment: StateFile<KeptAssignment>;
  settings: StateFile<Partial<Settings>>;
  fan: StateFile<FanRecord>;
  sensor: StateFile<KeptSensor>;
  device: StateFile<KeptDevice>;
  /** Writes again what of it could not be written. */
  writeAgain(): Promise<void>;
}

export interface KeptParts {
  directory: string;
  log: Logger;
  right: WriteRight;
  /** Some of it cannot be kept, and why; undefined: all can be again. */
  onChange: (fault: AgentError | undefined) => void;
}

export async function openKept({ directory, log, right, onChange }: KeptParts): Promise<Kept> {
  const faulty = new Map<string, AgentError>();

  function tell(error: unknown): AgentError {
    const fault = stateNotKept(error);
    log.warn({ event: "state-fault", ...causeOf(fault) }, "state that outlives a restart cannot be kept");
    return fault;
  }

  const listener = (name: string): StateFileListener => ({
    onFault(error) {
      faulty.set(name, tell(error));
      onChange(faulty.get(name));
    },
    onWritten() {
      faulty.delete(name);
      onChange([...faulty.values()][0]);
    },
  });
  const again: (() => Promise<void>)[] = [];

  function file<T>(name: string, parse: (content: unknown) => T | undefined): StateFile<T> {
    const made = createStateFile(join(directory, `${name}.json`), parse, listener(name), right);
    again.push(made.writeAgain);
    return made;
  }

  await makeFolder(directory).catch(tell);
  return {
    async writeAgain() {
      for (const each of again) await each();
    },
    assignment: file("assignment", parseAssignment),
    settings: file("settings", parseKeptSettings),
    fan: file("fan", parseFanRecord),
    sensor: file("sensor", parseKeptSensor),
    device: file(DEVICE_FILE, parseKeptDevice),
  };
}

/** What the file system has raised, as an error of ours. */
export function stateNotKept(error: unknown): AgentError {
  if (isAgentError(error)) return error;
  return new AgentError(messageOf(error), {
    code: "STATE_NOT_KEPT",
    retryable: true,
    remedy: "check the state directory: its owner, free space, mount options and the card's health",
    cause: error,
  });
}
