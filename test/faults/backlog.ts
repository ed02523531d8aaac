import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "#agent/cave/sample.js";
import { systemClock } from "#agent/lib/clock.js";
import type { Outbox } from "#agent/outbox/outbox.js";
import { openSegmentOutbox } from "#agent/outbox/segments.js";
import { openSequence } from "#agent/outbox/sequence.js";

/** Has `fill` work on the outbox of an agent that does not run, as a run that could not connect would. */
export async function leaveBacklog(
  state: string,
  fill: (outbox: Outbox<Sample>) => Promise<void>,
): Promise<void> {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const outbox = await openSegmentOutbox<Sample>({
    directory: join(state, "outbox"),
    sequence: await openSequence(join(state, "sequence"), { block: 1000 }),
    maxBytes: 64 * 1024 * 1024,
    maxAge: 30 * 86_400_000,
    syncEvery: 10_000,
    ringCapacity: 10_000,
    clock: systemClock,
  });
  await fill(outbox);
  await outbox.close();
}

/** One of them; `run` is what an agent calls its runs, and is sent to nobody. */
export function oldSample(number: number, sampledAt: number, run = "an earlier one"): Sample {
  return {
    temperature: 12,
    humidity: number / 1000,
    source: "simulated",
    sampledAt,
    monotonic: number,
    run,
    quality: "good",
    alerts: { fan: false, temperature: false, humidity: false },
  };
}
