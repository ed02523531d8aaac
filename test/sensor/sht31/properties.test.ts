import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { isAgentError } from "#agent/errors.js";
import { createRandom } from "#agent/sensor/random.js";
import { assertIs, INTERVAL, type Rig, RUNNING, setUp } from "./support.ts";

interface Fault {
  /** How many of the driver's four tries it can cost; a bus that is held costs those between the first and the last. */
  tries: number;
  apply(rig: Rig): void;
}

const count = fc.integer({ min: 0, max: 4 });
const errnos = ["ETIMEDOUT", "EIO", "EAGAIN", "EREMOTEIO"] as const;

/** One transfer, or a few in a row, that go wrong. */
const fault: fc.Arbitrary<Fault> = fc.oneof(
  count.map(nacks),
  fc.tuple(count, count).map(damages),
  fc.array(fc.constantFrom(undefined, ...errnos), { minLength: 1, maxLength: 6 }).map(
    (errors): Fault => ({
      tries: errors.reduce((sum, errno) => sum + (errno === "ETIMEDOUT" ? 3 : errno ? 1 : 0), 0),
      apply: ({ controller }) => void controller.errors.push(...errors),
    }),
  ),
  fc.constant<Fault>({ tries: 3, apply: ({ chip }) => chip.brownOut() }),
);

function nacks(tries: number): Fault {
  return {
    tries,
    apply({ chip }) {
      chip.faults.nackNext = tries;
    },
  };
}

function damages([first, second]: [number, number]): Fault {
  return {
    tries: first + second,
    apply({ chip }) {
      chip.faults.corruptNext = [first, second];
    },
  };
}

const TRIES = 4;
const calm = fc.constant(undefined);
/** Before each read. */
const weather = fc.array(fc.oneof({ weight: 19, arbitrary: calm }, { weight: 1, arbitrary: fault }), {
  minLength: 100,
  maxLength: 100,
});

it("10 000 reads with a fault before one in twenty: no wrong value, no leak, none missing but after a long fault", async () => {
  const random = createRandom(11);
  let reads = 0;
  let given = 0;
  await fc.assert(
    fc.asyncProperty(weather, async (faults) => {
      const rig = setUp();
      for (const { tries, apply } of faults.map((each) => each ?? { tries: 0, apply: () => {} })) {
        rig.air.temperature = random.between(-10, 40);
        rig.air.humidity = random.between(0, 100);
        apply(rig);
        reads += 1;
        const reading = await rig.read().catch((error: unknown) => {
          assert.ok(
            isAgentError(error) && tries >= TRIES,
            `${error} after a fault that costs ${tries} tries`,
          );
        });
        if (reading) assertIs(reading, rig.air);
        if (reading) given += 1;
        rig.chip.faults.nackNext = 0;
        rig.chip.faults.corruptNext = [0, 0];
        rig.controller.errors.length = 0;
        assert.equal(rig.clock.sleepers(), 0);
        const { underWay, open } = rig.controller.counts();
        assert.ok(underWay === 0 && open <= 1);
      }
      assert.equal(rig.controller.busiest(), 1);
    }),
    { numRuns: 100 },
  );
  assert.equal(reads, 10_000);
  assert.ok(given > 9700, `${given} of ${reads} reads gave a value`);
});

it("gives a value again at the first read after any outage", async () => {
  const outage = fc.record({
    fault: fc.constantFrom<"unplugged" | "hung" | "ETIMEDOUT" | "EIO" | "ENOENT" | "crc">(
      "unplugged",
      "hung",
      "ETIMEDOUT",
      "EIO",
      "ENOENT",
      "crc",
    ),
    reads: fc.integer({ min: 1, max: 12 }),
    /** When in the interval it ends: also in the midst of the driver's tries. */
    endsAfter: fc.integer({ min: 0, max: INTERVAL }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(outage, { minLength: 1, maxLength: 3 }), async (outages) => {
      const rig = setUp();
      await rig.read();
      for (const { fault: kind, reads, endsAfter } of outages) {
        begin(rig, kind);
        for (let read = 1; read < reads; read += 1) assert.ok(isAgentError(await outcomeOf(rig)));
        const last = rig.sensor.read(RUNNING).catch((error: unknown) => error);
        await rig.clock.advance(endsAfter);
        end(rig, kind);
        await rig.clock.advance(INTERVAL - endsAfter);
        const outcome = await last;
        if (!isAgentError(outcome)) assertIs(outcome as Awaited<ReturnType<Rig["read"]>>, rig.air);
        assertIs(await rig.read(), rig.air);
        assert.equal(rig.clock.sleepers(), 0);
        assert.equal(rig.controller.counts().open, 1);
      }
    }),
    { numRuns: 60 },
  );
});

function outcomeOf(rig: Rig): Promise<unknown> {
  return rig.read().catch((error: unknown) => error);
}

function begin({ chip, controller }: Rig, kind: string): void {
  if (kind === "unplugged") chip.unplug();
  else if (kind === "hung") controller.hang(true);
  else if (kind === "crc") chip.faults.corruptNext = [Number.POSITIVE_INFINITY, 0];
  else controller.broken = kind;
}

function end({ chip, controller }: Rig, kind: string): void {
  if (kind === "unplugged") chip.plugIn();
  else if (kind === "hung") controller.hang(false);
  else if (kind === "crc") chip.faults.corruptNext = [0, 0];
  else controller.broken = undefined;
}
