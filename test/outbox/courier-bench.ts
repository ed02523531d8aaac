import assert from "node:assert/strict";
import { createRate } from "#agent/lib/rate.js";
import { type Courier, createCourier } from "#agent/outbox/courier.js";
import type { Entry, Outbox } from "#agent/outbox/outbox.js";
import { openSegmentOutbox } from "#agent/outbox/segments.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { temporaryFolder, until } from "./support.ts";

/** The outbox that ships, on a disk of its own. */
export async function openRealOutbox<T>(sequence: { next(): Promise<number> }): Promise<Outbox<T>> {
  return openSegmentOutbox<T>({
    directory: await temporaryFolder(),
    sequence,
    maxBytes: 8 * 1024 * 1024,
    maxAge: 86_400_000,
    syncEvery: 3_600_000,
    ringCapacity: 1000,
    clock: createFakeClock(),
  });
}

/** A send that waits for the test to end it. */
interface Sending {
  sequence: number;
  succeed: () => void;
  fail: (error: Error) => void;
}

/** The cloud as the courier sees it: the test decides what becomes of every send. */
interface Cloud {
  /** Under way, in the order of their start. */
  sendings: Sending[];
  /** All that was ever started. */
  started: number[];
  delivered: number[];
  /** Sends that the courier should not have started. */
  doubles: number[];
  /** `take(3)` ends the send of entry 3 well. */
  take(sequence: number): Promise<void>;
  refuse(sequence: number, error?: Error): Promise<void>;
  send: (entry: Entry<string>, signal: AbortSignal) => Promise<void>;
}

function createCloud(): Cloud {
  const cloud: Cloud = {
    sendings: [],
    started: [],
    delivered: [],
    doubles: [],
    async take(sequence) {
      (await find(sequence)).succeed();
    },
    async refuse(sequence, error = new Error("refused")) {
      (await find(sequence)).fail(error);
    },
    send: ({ sequence }, signal) =>
      new Promise((resolve, reject) => {
        const isTwice = cloud.sendings.some((sending) => sending.sequence === sequence);
        if (isTwice || cloud.delivered.includes(sequence)) cloud.doubles.push(sequence);
        const end = (): void => {
          cloud.sendings = cloud.sendings.filter((sending) => sending.sequence !== sequence);
        };
        const succeed = (): void => {
          end();
          cloud.delivered.push(sequence);
          resolve();
        };
        const fail = (error: Error): void => {
          end();
          reject(error);
        };
        signal.addEventListener("abort", () => fail(new DOMException("stopped", "AbortError")));
        cloud.started.push(sequence);
        cloud.sendings.push({ sequence, succeed, fail });
      }),
  };
  async function find(sequence: number): Promise<Sending> {
    const found = () => cloud.sendings.find((sending) => sending.sequence === sequence);
    await until(() => found() !== undefined, `send of ${sequence}`);
    const sending = found();
    assert.ok(sending);
    return sending;
  }
  return cloud;
}

/** An outbox as a slow disk makes it: what a read found is brought only when the test lets it; what is urgent, at once. */
export function createSlowReads() {
  let reading = Promise.resolve();
  let goOn = (): void => {};
  let reads = 0;
  return {
    hold(): void {
      reading = new Promise((resolve) => {
        goOn = resolve;
      });
    },
    goOn: () => goOn(),
    reads: () => reads,
    through: (outbox: Outbox<string>): Outbox<string> => ({
      ...outbox,
      async read(after, limit) {
        reads += 1;
        const found = await outbox.read(after, limit);
        if (limit > 1) await reading;
        return found;
      },
    }),
  };
}

interface Bench {
  outbox: Outbox<string>;
  cloud: Cloud;
  clock: FakeClock;
  courier: Courier<string>;
  failures: unknown[];
  append(count: number): Promise<Entry<string>[]>;
  stop(): Promise<void>;
}

export async function withCourier(
  work: (bench: Bench) => Promise<void>,
  options: {
    inFlight?: number;
    ready?: (signal: AbortSignal) => Promise<void>;
    through?: (outbox: Outbox<string>) => Outbox<string>;
    /** 0: no bound. */
    perSecond?: number;
  } = {},
): Promise<void> {
  const { inFlight = 2, ready = async () => {}, through = (outbox) => outbox, perSecond = 0 } = options;
  let last = 0;
  const outbox = through(await openRealOutbox<string>({ next: async () => (last += 1) }));
  const cloud = createCloud();
  const clock = createFakeClock();
  const failures: unknown[] = [];
  const stopping = new AbortController();
  const onFailure = (error: unknown): void => void failures.push(error);
  const courier = createCourier({
    outbox,
    send: cloud.send,
    ready,
    inFlight,
    rate: createRate(perSecond, clock),
    clock,
    onFailure,
  });
  const running = courier.run(stopping.signal);
  const bench: Bench = {
    outbox,
    cloud,
    clock,
    courier,
    failures,
    append: (count) => Promise.all(Array.from({ length: count }, () => outbox.append("x"))),
    async stop() {
      stopping.abort();
      await running;
      await outbox.close();
    },
  };
  try {
    await work(bench);
  } finally {
    await bench.stop();
  }
  assert.deepEqual(cloud.doubles, []);
}
