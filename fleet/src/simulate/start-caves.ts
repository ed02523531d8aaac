import { setTimeout as delay } from "node:timers/promises";
import type { Cave } from "./cave.ts";

/** A cave that has not come online by then no longer holds up the next one. Milliseconds. */
const SETTLE_WITHIN = 20_000;
const LOOK_EVERY = 50;

/**
 * Starts the caves one after the other, at most `atOnce` of them on their way to the hub at a time: the start of a node
 * process is pure computing, and hundreds at once would only keep each other from meeting their deadlines.
 * Resolves when each has come online, ended, or had its time, or when `signal` aborts.
 */
export async function startStaggered(
  deviceIds: string[],
  atOnce: number,
  start: (deviceId: string) => Cave,
  signal: AbortSignal,
): Promise<void> {
  let underWay: { cave: Cave; since: number }[] = [];
  const waiting = [...deviceIds];
  const unsettled = ({ cave, since }: { cave: Cave; since: number }) =>
    !isSettled(cave) && performance.now() - since < SETTLE_WITHIN;
  while (!signal.aborted && (waiting.length > 0 || underWay.length > 0)) {
    while (underWay.length < atOnce && waiting.length > 0) {
      const deviceId = waiting.shift();
      if (deviceId !== undefined) underWay.push({ cave: start(deviceId), since: performance.now() });
    }
    await pause(signal);
    underWay = underWay.filter(unsettled);
  }
}

/** Resolves when each of the caves has come online or ended, or when `signal` aborts. */
export async function allSettled(caves: ReadonlyMap<string, Cave>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && ![...caves.values()].every(isSettled)) await pause(signal);
}

function isSettled(cave: Cave): boolean {
  return cave.online() || cave.ended() !== undefined;
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
}
