import { join } from "node:path";
import type { Settings } from "../cave/settings.ts";
import { AgentError, causeOf, isAgentError, messageOf } from "../errors.ts";
import { type KeptAssignment, parseAssignment } from "../hub/assignment.ts";
import { parseKeptSettings } from "../hub/twin.ts";
import { makeFolder } from "../lib/make-folder.ts";
import type { Patience } from "../lib/patience.ts";
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
  patience: Patience;
  /** Some of it cannot be kept, and why; undefined: all can be again. */
  onChange: (fault: AgentError | undefined) => void;
}

export async function openKept({ directory, log, right, patience, onChange }: KeptParts): Promise<Kept> {
  const faulty = new Map<string, AgentError>();

  function tell(error: unknown, place: string): AgentError {
    const fault = stateNotKept(error, place);
    log.warn({ event: "state-fault", ...causeOf(fault) }, "state that outlives a restart cannot be kept");
    return fault;
  }

  const pathOf = (name: string) => join(directory, `${name}.json`);
  const listener = (name: string): StateFileListener => ({
    onFault(error) {
      faulty.set(name, tell(error, pathOf(name)));
      onChange(faulty.get(name));
    },
    onWritten() {
      faulty.delete(name);
      onChange([...faulty.values()][0]);
    },
  });
  const again: (() => Promise<void>)[] = [];

  function file<T>(name: string, parse: (content: unknown) => T | undefined): StateFile<T> {
    const made = createStateFile(pathOf(name), parse, listener(name), right, patience);
    again.push(made.writeAgain);
    return made;
  }

  await patience(() => makeFolder(directory)).catch((error: unknown) => tell(error, directory));
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

/** What the file system has raised at `place`, as an error of ours: a write of a full disk does not name its file. */
export function stateNotKept(error: unknown, place: string): AgentError {
  if (isAgentError(error)) return error;
  const message = messageOf(error);
  return new AgentError(message.includes(place) ? message : `${place}: ${message}`, {
    code: "STATE_NOT_KEPT",
    retryable: true,
    remedy: "check the state directory: its owner, free space, mount options and the card's health",
    cause: error,
  });
}
