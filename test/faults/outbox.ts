import { systemClock } from "#agent/lib/clock.js";
import type { OutboxEvent } from "#agent/outbox/health.js";
import type { Outbox } from "#agent/outbox/outbox.js";
import { openSegmentOutbox, type SegmentOutboxOptions } from "#agent/outbox/segments.js";
import { openSequence } from "#agent/outbox/sequence.js";

export interface RealOutbox {
  outbox: Outbox<number>;
  events: OutboxEvent[];
}

/** An outbox as the agent opens it, with the clock of the machine; payloads count up from 0. */
export async function openReal(
  directory: string,
  changes: Partial<SegmentOutboxOptions> = {},
): Promise<RealOutbox> {
  const events: OutboxEvent[] = [];
  const outbox = await openSegmentOutbox<number>({
    directory,
    sequence: await openSequence(`${directory}.sequence`),
    maxBytes: 64 * 1024 * 1024,
    maxAge: 7 * 86_400_000,
    syncEvery: 10_000,
    ringCapacity: 10_000,
    clock: systemClock,
    onHealth: (event) => events.push(event),
    ...changes,
  });
  return { outbox, events };
}

/** Appends the numbers from `first` to `last`; their sequences. */
export async function appendNumbers(outbox: Outbox<number>, first: number, last: number): Promise<number[]> {
  const sequences: number[] = [];
  for (let value = first; value <= last; value += 1) sequences.push((await outbox.append(value)).sequence);
  return sequences;
}

export async function numbersIn(outbox: Outbox<number>): Promise<number[]> {
  return (await outbox.read(0, 1e6)).map(({ payload }) => payload);
}

export function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
