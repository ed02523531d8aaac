import { availableParallelism } from "node:os";
import { note } from "../output.ts";
import type { Service } from "../service/service.ts";
import { type Cave, startCave } from "./cave.ts";
import type { CaveFiles } from "./configuration.ts";
import { guide } from "./guide.ts";
import type { LocalCloud } from "./local-cloud.ts";
import { meanMemory } from "./memory.ts";
import { type Observer, observe } from "./observer.ts";
import type { SimulateOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { startStaggered } from "./start-caves.ts";
import { type Summary, summarize } from "./summary.ts";
import { liveView } from "./view.ts";

/** Milliseconds an agent is given to stop; the cloud then has the rest of three seconds. */
const PATIENCE = 2000;
/**
 * Caves on their way to the hub at a time. A start computes for about 0.7 s and waits for about 2 s more, for DPS above
 * all: of 4 to 15 for each core, this was the quickest that still meets every deadline of the agent.
 */
const AT_ONCE = 6 * availableParallelism();
const LIVE_EVERY = 2000;
const UNATTENDED_EVERY = 5000;

/** What a run of the caves needs; the cloud is up and the configurations are written. */
export interface RunOptions {
  options: SimulateOptions;
  cloud: LocalCloud;
  service: Service;
  files: ReadonlyMap<string, CaveFiles>;
  progress: Progress;
  /** Ends the run. */
  signal: AbortSignal;
}

/** Starts the caves, shows them until the end of the run, stops them and counts. Leaves no process behind. */
export async function runCaves(run: RunOptions): Promise<Summary> {
  const caves = new Map<string, Cave>();
  const startedAt = performance.now();
  const clock = () => Math.round(performance.now() - startedAt) / 1000;
  const { cloud, options } = run;
  const firstTelemetry = cloud.watchFirstTelemetry(options.deviceIds, clock);
  try {
    const observer = await startAndWatch(run, caves);
    const timing = {
      seconds: clock(),
      firstTelemetrySeconds: firstTelemetry(),
      memoryPerCaveMiB: await meanMemory([...caves.values()].flatMap((cave) => cave.pid ?? [])),
    };
    const connected = cloud.connected();
    note("stopping…");
    await stopAll(caves);
    const hub = { connected, unique: cloud.uniqueMessages, answered: observer.answered };
    return summarize(options.deviceIds, caves, hub, timing);
  } finally {
    await stopAll(caves);
  }
}

async function stopAll(caves: ReadonlyMap<string, Cave>): Promise<void> {
  await Promise.all([...caves.values()].map((cave) => cave.stop(PATIENCE)));
}

/** Resolves when the run is to end. */
async function startAndWatch(run: RunOptions, caves: Map<string, Cave>): Promise<Observer> {
  const { options, progress, signal } = run;
  let settled = false;
  const showProgress = () => {
    if (!settled) progress.show(countOnline(caves, options.deviceIds.length));
  };
  const show = liveView(options.json, process.stdout);
  const observer = observe({
    service: run.service,
    deviceIds: options.deviceIds,
    cave: (id) => caves.get(id),
    every: options.json ? UNATTENDED_EVERY : LIVE_EVERY,
    onRound: (rows) => {
      if (settled && !signal.aborted) show(rows);
    },
    signal,
  });
  const start = (deviceId: string) => {
    const cave = startCave(deviceId, filesOf(run, deviceId), showProgress);
    caves.set(deviceId, cave);
    return cave;
  };
  await startStaggered(options.deviceIds, AT_ONCE, start, signal);
  showProgress();
  progress.done();
  settled = true;
  if (!options.json && !signal.aborted) note(guide(options.deviceIds, options.stateDirectory));
  await observer.finished;
  return observer;
}

function filesOf(run: RunOptions, deviceId: string): CaveFiles {
  const files = run.files.get(deviceId);
  if (!files) throw new Error(`${deviceId} has no configuration`);
  return files;
}

function countOnline(caves: ReadonlyMap<string, Cave>, all: number): string {
  const started = [...caves.values()];
  const online = started.filter((cave) => cave.online()).length;
  const failed = started.filter((cave) => cave.ended()).length;
  return `caves ${online}/${all} online${failed > 0 ? `, ${failed} failed` : ""}`;
}
