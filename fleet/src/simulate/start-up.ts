import { availableParallelism } from "node:os";
import { type Cave, startCave } from "./cave.ts";
import { startAllowance } from "./options.ts";
import type { RunOptions } from "./run.ts";
import { allSettled, startStaggered } from "./start-caves.ts";
import { startTimer } from "./timer.ts";

/**
 * Caves on their way to the hub at a time. A start computes for about 0.7 s and waits for about 2 s more, for DPS above
 * all: of 4 to 15 for each core, this was the quickest that still meets every deadline of the agent.
 */
const AT_ONCE = 6 * availableParallelism();

/**
 * Starts the caves into `caves` and waits until they are online, for the start-up allowance at most when the run ends
 * by itself.
 * @returns those that were not online when it was over
 */
export async function bringUp(run: RunOptions, caves: Map<string, Cave>): Promise<ReadonlySet<string>> {
  const { progress, signal } = run;
  const { deviceIds, runTime } = run.options;
  const allowance = startTimer(runTime === undefined ? undefined : startAllowance(deviceIds.length));
  const over = AbortSignal.any([signal, allowance.signal]);
  const showProgress = () => progress.show(countOnline(caves, deviceIds.length));
  const start = (deviceId: string) => {
    const onChange = () => {
      if (!progress.isDone()) showProgress();
    };
    const cave = startCave(deviceId, filesOf(run, deviceId), onChange, signal);
    caves.set(deviceId, cave);
    return cave;
  };
  await startStaggered(deviceIds, AT_ONCE, start, over);
  if (runTime !== undefined) await allSettled(caves, over);
  allowance.cancel();
  showProgress();
  progress.done();
  // A stop that was asked for makes nobody late.
  return signal.aborted ? new Set() : new Set(deviceIds.filter((id) => !caves.get(id)?.online()));
}

function filesOf(run: RunOptions, deviceId: string) {
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
