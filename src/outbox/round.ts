import { setImmediate } from "node:timers/promises";
import { isAborted, isAgentError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Rate } from "../lib/rate.ts";
import type { Expedited } from "./expedited.ts";
import type { Entry, Outbox } from "./outbox.ts";
import { createVolley, type Volley } from "./volley.ts";

export interface RoundOptions<T> {
  outbox: Outbox<T>;
  send: (entry: Entry<T>, signal: AbortSignal) => Promise<void>;
  inFlight: number;
  rate: Rate;
  expedited: Expedited;
  clock: Clock;
  onDelivered: () => void;
}

/** Entries read at a time: an outbox that is asked for each by itself takes a fifth longer to drain. */
const PAGE = 32;

/** Milliseconds between two looks at entries that the outbox has, but does not give. */
const LAP_PAUSE = 500;

/** What one round knows. Entries up to `cursor` have been started, or were not to be had; above it, only expedited ones. */
interface Walk<T> extends RoundOptions<T> {
  signal: AbortSignal;
  cursor: number;
  /** Read ahead, oldest last: what comes after `cursor`. */
  page: Entry<T>[];
  /** A page is being read, or waited for. */
  isReading: boolean;
  /** Nothing was started since the cursor went back. */
  isIdleLap: boolean;
  underWay: Map<number, Promise<void>>;
  /** Expedited ones that are done, and that the page, or the read that is under way, may still bring. */
  overtaken: Set<number>;
  volley: Volley;
  /** Calls off the timer for the rate's next place; undefined while none runs. */
  callOff: (() => void) | undefined;
  failures: unknown[];
  /** Aborts with the first failure, or with `signal`: then nothing more is started. */
  over: AbortController;
  /** Something has come about since the last look. */
  isAwake: boolean;
  rouse: () => void;
}

/**
 * Walks along the outbox from its oldest entry, until a send fails or `signal` aborts. Rejects with the first failure;
 * in any case, no send is under way any more.
 */
export async function walkOutbox<T>(options: RoundOptions<T>, signal: AbortSignal): Promise<void> {
  const walk: Walk<T> = {
    ...options,
    signal,
    cursor: 0,
    page: [],
    isReading: false,
    isIdleLap: false,
    underWay: new Map(),
    overtaken: new Set(),
    volley: createVolley(options.inFlight, options.clock, () => wake(walk)),
    callOff: undefined,
    failures: [],
    over: new AbortController(),
    isAwake: false,
    rouse: () => undefined,
  };
  const stop = (): void => end(walk);
  signal.addEventListener("abort", stop);
  walk.expedited.onMore = () => wake(walk);
  try {
    if (signal.aborted) stop();
    while (!walk.over.signal.aborted) await step(walk);
  } finally {
    signal.removeEventListener("abort", stop);
    end(walk);
    walk.volley.end();
    walk.callOff?.();
    await Promise.all(walk.underWay.values());
  }
  if (walk.failures.length > 0) throw walk.failures[0];
}

async function step<T>(walk: Walk<T>): Promise<void> {
  walk.isAwake = false;
  if (walk.expedited.size() > 0) await startExpedited(walk);
  startPage(walk);
  if (walk.page.length === 0 && !walk.isReading) void readPage(walk);
  if (!walk.isAwake && !walk.over.signal.aborted) {
    await new Promise<void>((resolve) => {
      walk.rouse = resolve;
    });
  }
}

function wake<T>(walk: Walk<T>): void {
  walk.isAwake = true;
  walk.rouse();
}

function end<T>(walk: Walk<T>): void {
  walk.over.abort();
  wake(walk);
}

/** Whether one more may be started now. If not, the walk is woken once that has changed. */
function hasPlace<T>(walk: Walk<T>): boolean {
  if (walk.underWay.size >= walk.inFlight) return false;
  const wait = walk.rate.wait();
  if (wait === 0) return true;
  walk.callOff ??= walk.clock.after(wait, () => {
    walk.callOff = undefined;
    wake(walk);
  });
  return false;
}

async function startExpedited<T>(walk: Walk<T>): Promise<void> {
  while (hasPlace(walk)) {
    const entry = await pickExpedited(walk);
    if (!entry || walk.over.signal.aborted) return;
    start(walk, entry);
  }
}

/** Asks the outbox for each: it may have been dropped since it was expedited, or delivered. */
async function pickExpedited<T>(walk: Walk<T>): Promise<Entry<T> | undefined> {
  for (const sequence of walk.expedited.newestFirst()) {
    if (walk.underWay.has(sequence)) continue;
    if (walk.outbox.has(sequence)) {
      const [entry] = await walk.outbox.read(sequence - 1, 1);
      // Another one, if the disk does not give it now.
      if (entry?.sequence === sequence) return entry;
    } else {
      walk.expedited.forget(sequence);
    }
  }
  return undefined;
}

function startPage<T>(walk: Walk<T>): void {
  if (walk.over.signal.aborted || walk.page.length === 0 || !hasPlace(walk)) return;
  if (!walk.volley.isDue(walk.inFlight - walk.underWay.size)) return;
  walk.volley.end();
  while (hasPlace(walk)) {
    const entry = walk.page.pop();
    if (!entry) return;
    walk.cursor = entry.sequence;
    if (!walk.overtaken.delete(entry.sequence) && !walk.underWay.has(entry.sequence)) start(walk, entry);
  }
}

/** Beside the walk: an expedited entry does not wait for a slow disk. */
async function readPage<T>(walk: Walk<T>): Promise<void> {
  walk.isReading = true;
  try {
    // First of all, what was sent has to leave this process: it does at the end of the turn.
    await setImmediate();
    // What is done by now is not brought any more.
    walk.overtaken.clear();
    walk.page = (await walk.outbox.read(walk.cursor, PAGE)).reverse();
    if (walk.page.length === 0) await waitForMore(walk);
  } catch (error) {
    if (!isAborted(error)) fail(walk, error);
  }
  walk.isReading = false;
  wake(walk);
}

/** More may also be below: what a disk did not give in its turn, or what it has given back only now. */
async function waitForMore<T>(walk: Walk<T>): Promise<void> {
  if (walk.outbox.counts().waiting <= walk.underWay.size) {
    await walk.outbox.waitFor(walk.cursor, walk.over.signal);
    return;
  }
  if (walk.isIdleLap) await walk.clock.sleep(LAP_PAUSE, walk.over.signal);
  walk.isIdleLap = true;
  walk.cursor = 0;
}

function start<T>(walk: Walk<T>, entry: Entry<T>): void {
  walk.isIdleLap = false;
  walk.rate.take();
  walk.underWay.set(entry.sequence, deliver(walk, entry));
}

/** Never rejects: the round looks at `failures`. */
async function deliver<T>(walk: Walk<T>, entry: Entry<T>): Promise<void> {
  try {
    await walk.send(entry, walk.signal);
    leave(walk, entry.sequence);
    walk.outbox.acknowledge(entry.sequence);
    walk.onDelivered();
  } catch (error) {
    if (isAgentError(error) && !error.retryable) {
      // It would stop all that come after it, for ever.
      leave(walk, entry.sequence);
      walk.outbox.discard(entry.sequence, error);
      walk.onDelivered();
    } else fail(walk, error);
  } finally {
    walk.underWay.delete(entry.sequence);
    wake(walk);
  }
}

function fail<T>(walk: Walk<T>, error: unknown): void {
  walk.failures.push(error);
  end(walk);
}

function leave<T>(walk: Walk<T>, sequence: number): void {
  if (sequence > walk.cursor) walk.overtaken.add(sequence);
}
