import { setTimeout as delay } from "node:timers/promises";
import type { FinalCounts, LogLine } from "./agent-log.ts";
import { type AgentProcess, type ProcessEnd, startAgent } from "./agent-process.ts";
import type { CaveFiles } from "./configuration.ts";
import { createCounts } from "./counts.ts";

/** One agent in a process of its own; after a `Restart`, the next one in the next process. */
export interface Cave {
  readonly deviceId: string;
  readonly pid: number | undefined;
  /** True once DPS has assigned it, in this run or in an earlier one. */
  provisioned(): boolean;
  online(): boolean;
  /** Undefined while it runs, and while it is started again. */
  ended(): CaveEnd | undefined;
  /** What it counted, if it lived to say so. */
  finalCounts(): FinalCounts | undefined;
  /** The same of one that did not: what it said last, if it ever did. */
  lastCounts(): FinalCounts | undefined;
  /** It has said this of itself just now. */
  heard(counts: FinalCounts): void;
  /** Asks it to stop and kills it if it does not within `patience` milliseconds. Resolves when it is gone. */
  stop(patience: number): Promise<void>;
}

export interface CaveEnd {
  /** Null if a signal ended it, or it could not even start. */
  exitCode: number | null;
  /** That ended it; null if none did. */
  signal: NodeJS.Signals | null;
  /** True if it had to be killed because it did not stop. */
  killed: boolean;
  /** True if nobody here had asked it to stop, or it was killed, and not from here. */
  unexpected: boolean;
  /** The last error in its log; empty if there was none. */
  lastError: string;
}

/** For a person. */
export function howItEnded({ exitCode, signal }: CaveEnd): string {
  if (exitCode !== null) return `with exit code ${exitCode}`;
  return signal === null ? "before it began" : `killed by ${signal}`;
}

/** An agent that is still starting ends by them at once; later it takes them for a wish to stop. */
const ASKING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGINT"]);

/** Milliseconds before an agent that was asked to end is started again: systemd's RestartSec unless it is set. */
const RESTART_AFTER = 100;

/**
 * Starts `cave-agent run` and follows its log. As its service manager would, it starts an agent again that has ended with
 * exit code 0 though nobody here has asked it to: that is what `Restart` does. One that ends in any other way has failed.
 * @param onChange called when any of the answers of the returned cave has changed
 * @param signal aborts when the simulation ends: from then on nothing is started again
 */
export function startCave(
  deviceId: string,
  files: CaveFiles,
  onChange: () => void,
  signal: AbortSignal,
): Cave {
  const stopping = new AbortController();
  const ending = AbortSignal.any([stopping.signal, signal]);
  const counts = createCounts();
  const state = { provisioned: false, online: false, lastError: "", killed: false };
  let end: CaveEnd | undefined;
  let agent = begin();
  const gone = live().then(onChange);

  function begin(): AgentProcess {
    counts.begin();
    return startAgent(files, (line) => {
      take(line);
      onChange();
    });
  }

  function take(line: LogLine): void {
    // Who goes online with the assignment that an earlier run has kept was provisioned then.
    if (line.event === "provisioned" || line.event === "online") state.provisioned = true;
    if (line.event === "online") state.online = true;
    if (line.event === "offline") state.online = false;
    if (line.event === "stopped" && line.outbox) counts.hear(line.outbox, "last");
    if (line.error !== undefined) state.lastError = line.error;
  }

  async function live(): Promise<void> {
    let { exitCode, signal: by } = await endOf(agent);
    while (exitCode === 0 && !ending.aborted) {
      onChange();
      await delay(RESTART_AFTER, undefined, { signal: ending }).catch(() => undefined);
      if (ending.aborted) break;
      agent = begin();
      ({ exitCode, signal: by } = await endOf(agent));
    }
    const { killed, lastError } = state;
    const isKilledElsewhere = by !== null && !ASKING.has(by) && !killed;
    end = { exitCode, signal: by, killed, unexpected: !ending.aborted || isKilledElsewhere, lastError };
  }

  async function endOf({ ended }: AgentProcess): Promise<ProcessEnd> {
    const how = await ended.catch((error: unknown): ProcessEnd => {
      state.lastError = String(error);
      return { exitCode: null, signal: null };
    });
    state.online = false;
    return how;
  }

  return {
    deviceId,
    get pid() {
      return agent.pid;
    },
    provisioned: () => state.provisioned,
    online: () => state.online,
    ended: () => end,
    finalCounts: () => (counts.isFinal() ? counts.total() : undefined),
    lastCounts: counts.total,
    heard(said) {
      // An answer that was late may be the one of an agent that has been replaced since.
      if (state.online) counts.hear(said);
    },
    async stop(patience) {
      if (end) return;
      stopping.abort();
      agent.kill("SIGTERM");
      const timer = setTimeout(() => {
        state.killed = true;
        agent.kill("SIGKILL");
      }, patience);
      await gone;
      clearTimeout(timer);
    },
  };
}
