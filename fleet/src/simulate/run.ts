import { note } from "../output.ts";
import type { Service } from "../service/service.ts";
import type { Cave } from "./cave.ts";
import type { CaveFiles } from "./configuration.ts";
import { deathsAmong } from "./deaths.ts";
import { guide } from "./guide.ts";
import type { LocalCloud } from "./local-cloud.ts";
import { meanMemory } from "./memory.ts";
import { type Observer, observe } from "./observer.ts";
import { type SimulateOptions, startAllowance } from "./options.ts";
import type { Progress } from "./progress.ts";
import { bringUp } from "./start-up.ts";
import { type Summary, summarize } from "./summary.ts";
import { startTimer } from "./timer.ts";
import { liveView } from "./view.ts";

/**
 * Milliseconds an agent is given to stop. A person who has typed Ctrl-C waits for three seconds in all; where it counts,
 * a busy machine must not turn a clean stop into a failure.
 */
const PATIENCE = 2000;
const JUDGED_PATIENCE = 10_000;
const LIVE_EVERY = 2000;
const UNATTENDED_EVERY = 5000;

/** What a run of the caves needs; the cloud is up and the configurations are written. */
export interface RunOptions {
  options: SimulateOptions;
  cloud: LocalCloud;
  service: Service;
  files: ReadonlyMap<string, CaveFiles>;
  progress: Progress;
  /** Somebody wants it to end. */
  signal: AbortSignal;
}

/** Starts the caves, shows them until the end of the run, stops them and counts. Leaves no process behind. */
export async function runCaves(run: RunOptions): Promise<Summary> {
  const caves = new Map<string, Cave>();
  const startedAt = performance.now();
  const clock = () => Math.round(performance.now() - startedAt) / 1000;
  const { cloud, options, signal } = run;
  const firstTelemetry = cloud.watchFirstTelemetry(options.deviceIds, clock);
  const patience = options.judged ? JUDGED_PATIENCE : PATIENCE;
  const ended = new AbortController();
  try {
    const observer = watch(run, caves, AbortSignal.any([signal, ended.signal]));
    const late = await bringUp(run, caves);
    const startSeconds = clock();
    if (!options.json && !signal.aborted) note(guide(options.deviceIds, options.stateDirectory));
    await lastFor(options.runTime, signal);
    if (options.judged && !signal.aborted) await observer.askTheSilent();
    ended.abort();
    await observer.finished;
    const memoryPerCaveMiB = await meanMemory([...caves.values()].flatMap((cave) => cave.pid ?? []));
    const [seconds, connected] = [clock(), cloud.connected()];
    note("stopping…");
    await stopAll(caves, patience);
    if (!options.judged) deathsAmong(caves.values()).forEach(note);
    const firstTelemetrySeconds = firstTelemetry();
    const timing = { startSeconds, seconds, firstTelemetrySeconds, memoryPerCaveMiB };
    const hub = { connected, unique: cloud.uniqueMessages, answered: observer.answered };
    return summarize(
      options.deviceIds,
      { started: caves, late, allowance: startAllowance(options.deviceIds.length) },
      hub,
      timing,
    );
  } finally {
    ended.abort();
    await stopAll(caves, patience);
  }
}

async function stopAll(caves: ReadonlyMap<string, Cave>, patience: number): Promise<void> {
  await Promise.all([...caves.values()].map((cave) => cave.stop(patience)));
}

/** Resolves `seconds` from now or when `signal` aborts. */
async function lastFor(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  const time = startTimer(seconds);
  const end = AbortSignal.any([signal, time.signal]);
  if (!end.aborted) await new Promise((resolve) => end.addEventListener("abort", resolve, { once: true }));
  time.cancel();
}

function watch(run: RunOptions, caves: ReadonlyMap<string, Cave>, signal: AbortSignal): Observer {
  const { options, service, progress } = run;
  const view = liveView(options.json, process.stdout);
  const told = new Set<string>();
  const tell = (death: string) => {
    if (told.has(death)) return;
    told.add(death);
    if (progress.isDone()) view.clear();
    else progress.pause();
    note(death);
  };
  return observe({
    service,
    deviceIds: options.deviceIds,
    cave: (id) => caves.get(id),
    every: options.json ? UNATTENDED_EVERY : LIVE_EVERY,
    onRound: (rows) => {
      deathsAmong(caves.values()).forEach(tell);
      if (progress.isDone() && !signal.aborted) view.show(rows);
    },
    signal,
  });
}
