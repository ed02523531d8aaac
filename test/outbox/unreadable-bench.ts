import { join } from "node:path";
import { createRate } from "#agent/lib/rate.js";
import { createCourier } from "#agent/outbox/courier.js";
import type { OutboxEvent } from "#agent/outbox/health.js";
import { type Faults, faultyFiles, type Opened, open, segmentsOf } from "./segments-bench.ts";
import { temporaryFolder } from "./support.ts";

export const PAYLOAD = "x".repeat(1000);

/** Segments of three entries each. */
export async function setUp(count: number) {
  const directory = join(await temporaryFolder(), "outbox");
  const faults: Faults = {};
  const opened = await open(directory, { files: faultyFiles(faults) });
  for (let each = 0; each < count; each += 1) await opened.outbox.append(PAYLOAD);
  return { ...opened, faults, segments: await segmentsOf(directory), directory };
}

export const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

export const waitingIn = async ({ outbox }: Pick<Opened, "outbox">, after = 0) =>
  (await outbox.read(after, 1000)).map(({ sequence }) => sequence);

export const told = (events: OutboxEvent[]) =>
  events.map((event) => (event.kind === "unreadable" ? event.cause.message : event.kind));

/** Sends what waits to a cloud that takes it at once, until `work` is done. */
export async function whileSending(
  { outbox, clock }: Pick<Opened, "outbox" | "clock">,
  work: (sent: number[], failures: unknown[]) => Promise<void>,
): Promise<void> {
  const sent: number[] = [];
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const courier = createCourier({
    outbox,
    send: async ({ sequence }) => void sent.push(sequence),
    ready: async () => {},
    inFlight: 2,
    rate: createRate(0, clock),
    clock,
    onFailure: (error) => failures.push(error),
  });
  const running = courier.run(stopping.signal);
  try {
    await work(sent, failures);
  } finally {
    stopping.abort();
    await running;
  }
}
