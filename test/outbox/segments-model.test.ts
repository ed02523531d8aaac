import assert from "node:assert/strict";
import { readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Outbox } from "#agent/outbox/outbox.js";
import { crashCopy, flip, open, segmentsOf } from "./segments-bench.ts";
import { temporaryFolder } from "./support.ts";

/** What the outbox should hold: payloads by sequence, and which of them a power cut may take. */
interface Model {
  waiting: Map<number, string>;
  unsynced: Set<number>;
  /** Acknowledged since the cursor was last written: they may come again after a crash. */
  unwritten: Map<number, string>;
  last: number;
}

interface Bench {
  directory: string;
  outbox: Outbox<unknown>;
  model: Model;
}

const anyStep = fc.oneof(
  { weight: 10, arbitrary: fc.record({ append: fc.integer({ min: 0, max: 1500 }), urgent: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ acknowledge: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ reopen: true } as const) },
  { weight: 1, arbitrary: fc.constant({ kill: true } as const) },
  { weight: 1, arbitrary: fc.record({ tear: fc.nat(4000) }) },
  { weight: 1, arbitrary: fc.record({ flip: fc.nat(20) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

describe("an outbox on disk, against a model", () => {
  it("loses nothing but what a torn or flipped byte took, repeats only what may come again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const directory = join(await temporaryFolder(), "outbox");
        const model: Model = { waiting: new Map(), unsynced: new Set(), unwritten: new Map(), last: 0 };
        const bench: Bench = { directory, ...(await open(directory)), model };
        try {
          for (const step of steps) {
            await take(bench, step);
            await check(bench);
          }
        } finally {
          await bench.outbox.close();
        }
      }),
      { numRuns: Number(process.env.CAVE_FAULTS === "full" ? 500 : 40) },
    );
  });
});

async function take(bench: Bench, step: Step): Promise<void> {
  const { outbox, model } = bench;
  if ("append" in step) {
    const payload = `${model.last}${"#".repeat(step.append)}`;
    const { sequence } = await outbox.append(payload, step);
    assert.ok(sequence > model.last, `${sequence} after ${model.last}`);
    model.waiting.set(sequence, payload);
    model.last = sequence;
    if (step.urgent) model.unsynced.clear();
    else model.unsynced.add(sequence);
  } else if ("acknowledge" in step) {
    const sequence = [...model.waiting.keys()][step.acknowledge];
    if (sequence === undefined) return outbox.acknowledge(model.last + 1);
    outbox.acknowledge(sequence);
    model.unwritten.set(sequence, model.waiting.get(sequence) ?? "");
    model.waiting.delete(sequence);
  } else if ("reopen" in step) {
    await outbox.close();
    model.unwritten.clear();
    await openAgain(bench, bench.directory);
  } else {
    await crash(bench, step);
  }
}

async function crash(
  bench: Bench,
  step: { kill: true } | { tear: number } | { flip: number },
): Promise<void> {
  const directory = await crashCopy(bench.directory);
  if ("flip" in step) await flipOne(bench, directory, step.flip);
  if ("tear" in step) await tear(bench, directory, step.tear);
  await bench.outbox.close();
  await openAgain(bench, directory);
  await adoptDoubles(bench);
}

async function openAgain(bench: Bench, directory: string): Promise<void> {
  const { outbox } = await open(directory);
  Object.assign(bench, { directory, outbox });
  bench.model.unsynced.clear();
}

/** One flipped byte in one entry costs that entry. */
async function flipOne({ model }: Bench, directory: string, nth: number): Promise<void> {
  const [sequence, payload] = [...model.waiting][nth] ?? [];
  if (sequence === undefined || payload === undefined) return;
  for (const file of await segmentsOf(directory)) {
    const text = (await readFile(file)).indexOf(`"${payload}"`);
    if (text < 0) continue;
    await flip(file, text + 1);
    model.waiting.delete(sequence);
    return;
  }
  assert.fail(`${sequence} is in no segment`);
}

/** A power cut in the middle of the unsynced tail: what was not synced from that byte on is gone. */
async function tear({ model }: Bench, directory: string, bytes: number): Promise<void> {
  const file = (await segmentsOf(directory)).at(-1) ?? "";
  const content = await readFile(file);
  let end = content.length;
  while (end > 4096 && content[end - 1] === 0) end -= 1;
  const tail = [...model.unsynced].filter((sequence) =>
    content.includes(`"${model.waiting.get(sequence) ?? model.unwritten.get(sequence)}"`),
  );
  const texts = tail.map((sequence) => model.waiting.get(sequence) ?? model.unwritten.get(sequence) ?? "");
  const start = texts[0] === undefined ? end : content.indexOf(`"${texts[0]}"`) - 28;
  const cut = Math.max(start, end - bytes);
  await truncate(file, cut);
  await truncate(file, content.length);
  for (const [index, sequence] of tail.entries()) {
    if (content.indexOf(`"${texts[index]}"`) + (texts[index]?.length ?? 0) + 2 <= cut) continue;
    model.waiting.delete(sequence);
    model.unwritten.delete(sequence);
  }
}

/** After a crash, acknowledgements that were not yet written may be forgotten. */
async function adoptDoubles({ outbox, model }: Bench): Promise<void> {
  for (const { sequence, payload } of await outbox.read(0, 1000)) {
    if (model.waiting.has(sequence)) continue;
    assert.equal(model.unwritten.get(sequence), payload, `${sequence} comes out of nowhere`);
    model.waiting.set(sequence, String(payload));
  }
  model.unwritten.clear();
  const sorted = [...model.waiting].sort(([a], [b]) => a - b);
  model.waiting.clear();
  for (const [sequence, payload] of sorted) model.waiting.set(sequence, payload);
}

async function check({ outbox, model }: Bench): Promise<void> {
  const entries = await outbox.read(0, 1000);
  assert.deepEqual(
    entries.map(({ sequence, payload }) => [sequence, payload]),
    [...model.waiting],
  );
  const { taken, acknowledged, dropped, waiting } = outbox.counts();
  assert.equal(waiting, model.waiting.size);
  assert.equal(taken, acknowledged + dropped + waiting);
}
