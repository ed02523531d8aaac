import { isAborted } from "../errors.ts";
import type { Entry, Outbox } from "./outbox.ts";

export interface RoundOptions<T> {
  outbox: Outbox<T>;
  send: (entry: Entry<T>, signal: AbortSignal) => Promise<void>;
  inFlight: number;
  /** Sequences to send first, newest last. The round takes out those that the outbox no longer has. */
  expedited: number[];
  onDelivered: () => void;
}

/** What one round knows. Entries up to `cursor` have been started; above it, only expedited ones. */
interface Walk<T> extends RoundOptions<T> {
  signal: AbortSignal;
  cursor: number;
  underWay: Map<number, Promise<void>>;
  /** Called when a send has ended, well or not. */
  onLanding: () => void;
  /** Since the present step began: a read that was under way by then may still bring them. */
  delivered: Set<number>;
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
    underWay,
    onLanding: () => undefined,
    delivered: new Set<number>(),
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
    await nextLanding(walk);
    return;
  }
  walk.delivered.clear();
  const entry = (await pickExpedited(walk)) ?? (await pickOldest(walk));
  if (walk.over.signal.aborted) return;
  if (entry) start(walk, entry);
  else await waitForMore(walk);
}

/** Asks the outbox for each: an entry may have been delivered in its turn, or dropped, since it was expedited. */
async function pickExpedited<T>(walk: Walk<T>): Promise<Entry<T> | undefined> {
  for (const sequence of walk.expedited.toReversed()) {
    const [entry] = await walk.outbox.read(sequence - 1, 1);
    if (entry?.sequence !== sequence) forget(walk, sequence);
    else if (!isStarted(walk, sequence)) return entry;
  }
  return undefined;
}

async function pickOldest<T>(walk: Walk<T>): Promise<Entry<T> | undefined> {
  for (;;) {
    const [entry] = await walk.outbox.read(walk.cursor, 1);
    if (!entry) return undefined;
    const isDone = isStarted(walk, entry.sequence);
    walk.cursor = entry.sequence;
    if (!isDone) return entry;
  }
}

function isStarted<T>(walk: Walk<T>, sequence: number): boolean {
  return walk.underWay.has(sequence) || walk.delivered.has(sequence);
}

/** A race of all that are under way would cost each message as many steps as there are others. */
function nextLanding<T>(walk: Walk<T>): Promise<void> {
  return new Promise((resolve) => {
    walk.onLanding = resolve;
  });
}

function start<T>(walk: Walk<T>, entry: Entry<T>): void {
  const sending = deliver(walk, entry).finally(() => {
    walk.underWay.delete(entry.sequence);
    walk.onLanding();
  });
  walk.underWay.set(entry.sequence, sending);
}

/** Never rejects: the round looks at `failures`. */
async function deliver<T>(walk: Walk<T>, entry: Entry<T>): Promise<void> {
  try {
    await walk.send(entry, walk.signal);
    walk.delivered.add(entry.sequence);
    walk.outbox.acknowledge(entry.sequence);
    walk.onDelivered();
  } catch (error) {
    walk.failures.push(error);
    walk.over.abort();
  }
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
