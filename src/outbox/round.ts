import { setImmediate } from "node:timers/promises";
import { isAborted, isAgentError } from "../errors.ts";
import type { Entry, Outbox } from "./outbox.ts";

export interface RoundOptions<T> {
  outbox: Outbox<T>;
  send: (entry: Entry<T>, signal: AbortSignal) => Promise<void>;
  inFlight: number;
  /** Sequences to send first, newest last. The round takes out those that the outbox no longer has. */
  expedited: number[];
  onDelivered: () => void;
}

/** Entries read at a time: an outbox that is asked for each by itself takes a fifth longer to drain. */
const PAGE = 32;

/** Messages that go out together, at most; never more than half of those that may be in flight: the hub would wait. */
const VOLLEY = 8;

/** What one round knows. Entries up to `cursor` have been started; above it, only expedited ones. */
interface Walk<T> extends RoundOptions<T> {
  signal: AbortSignal;
  cursor: number;
  /** Read ahead, oldest last: what comes after `cursor`. */
  page: Entry<T>[];
  underWay: Map<number, Promise<void>>;
  /** Called when a send has ended, well or not. */
  onLanding: () => void;
  /** Expedited ones above `cursor` that are done: the page, or a read that is under way, may still bring them. */
  overtaken: Set<number>;
  failures: unknown[];
  /** Aborts with the first failure, or with `signal`: then nothing more is started. */
  over: AbortController;
}

/**
 * Walks along the outbox from its oldest entry, until a send fails or `signal` aborts. Rejects with the first failure;
 * in any case, no send is under way any more.
 */
export async function walkOutbox<T>(options: RoundOptions<T>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const underWay = new Map<number, Promise<void>>();
  const own = {
    cursor: 0,
    page: [],
    underWay,
    onLanding: () => undefined,
    overtaken: new Set<number>(),
    failures: [],
    over,
  };
  const walk: Walk<T> = { ...options, ...own, signal };
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop);
  try {
    if (signal.aborted) stop();
    while (!over.signal.aborted) await step(walk);
  } finally {
    signal.removeEventListener("abort", stop);
    await Promise.all(underWay.values());
  }
  if (walk.failures.length > 0) throw walk.failures[0];
}

async function step<T>(walk: Walk<T>): Promise<void> {
  if (walk.underWay.size >= walk.inFlight) {
    const isFree = room(walk);
    if (walk.page.length === 0) await readAhead(walk);
    await isFree;
    return;
  }
  const entry = (await pickExpedited(walk)) ?? (await pickOldest(walk));
  if (walk.over.signal.aborted) return;
  if (entry) start(walk, entry);
  else await waitForMore(walk);
}

/** Asks the outbox for each: it may have been dropped since it was expedited, or delivered in an earlier round. */
async function pickExpedited<T>(walk: Walk<T>): Promise<Entry<T> | undefined> {
  for (const sequence of walk.expedited.toReversed()) {
    if (walk.underWay.has(sequence)) continue;
    const isStarted = sequence <= walk.cursor || walk.overtaken.has(sequence);
    const [entry] = isStarted ? [] : await walk.outbox.read(sequence - 1, 1);
    if (entry?.sequence === sequence) return entry;
    forget(walk, sequence);
  }
  return undefined;
}

async function pickOldest<T>(walk: Walk<T>): Promise<Entry<T> | undefined> {
  for (;;) {
    if (walk.page.length === 0) await readPage(walk);
    const entry = walk.page.pop();
    if (!entry) return undefined;
    walk.cursor = entry.sequence;
    if (!walk.overtaken.delete(entry.sequence) && !walk.underWay.has(entry.sequence)) return entry;
  }
}

async function readPage<T>(walk: Walk<T>): Promise<void> {
  walk.page = (await walk.outbox.read(walk.cursor, PAGE)).reverse();
}

/** While the hub answers. First of all, what was sent has to leave this process: it does at the end of the turn. */
async function readAhead<T>(walk: Walk<T>): Promise<void> {
  await setImmediate();
  await readPage(walk);
}

/**
 * Resolves once there is room for a volley: what is started together goes out in one write, which costs little more than
 * one message. An expedited entry does not wait for others.
 */
function room<T>(walk: Walk<T>): Promise<void> {
  const enough = walk.inFlight - Math.min(VOLLEY, Math.ceil(walk.inFlight / 2));
  return new Promise((resolve) => {
    walk.onLanding = () => {
      if (walk.underWay.size <= enough || walk.expedited.length > 0 || walk.over.signal.aborted) resolve();
    };
  });
}

function start<T>(walk: Walk<T>, entry: Entry<T>): void {
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
    } else {
      walk.failures.push(error);
      walk.over.abort();
    }
  } finally {
    walk.underWay.delete(entry.sequence);
    walk.onLanding();
  }
}

function leave<T>(walk: Walk<T>, sequence: number): void {
  if (sequence > walk.cursor) walk.overtaken.add(sequence);
}

function forget<T>(walk: Walk<T>, sequence: number): void {
  const index = walk.expedited.indexOf(sequence);
  if (index >= 0) walk.expedited.splice(index, 1);
}

/** No need to wake for an expedited entry: whoever waits here has started all that the outbox has. */
async function waitForMore<T>(walk: Walk<T>): Promise<void> {
  try {
    await walk.outbox.waitFor(walk.cursor, walk.over.signal);
  } catch (error) {
    if (!isAborted(error)) throw error;
  }
}
