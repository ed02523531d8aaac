import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { close, HOUR, isWarm, MINUTE, readFor, setUpDamp, switches } from "./damp.ts";
import { INTERVAL, NOTHING, type Rig, setUp } from "./support.ts";

/** The next run on the chip of one that was killed: nobody has told the chip anything. */
function setUpNext(earlier: Rig): Rig {
  return setUp({ heater: "pulse", earlier });
}

/** `cave-agent read` in between, which is stopped in good order. */
async function readBetween(earlier: Rig): Promise<boolean> {
  const guest = setUp({ heater: "heed", earlier });
  const answer = isWarm(await guest.read(), earlier);
  await close(guest);
  return answer;
}

/** At the last reading of a pulse; the next one is that of a sensor that cools. */
async function untilOver(rig: Rig): Promise<void> {
  await readFor(rig, HOUR);
  while (!rig.chip.heater()) await rig.read();
  while (rig.chip.heater()) await rig.read();
}

describe("the warmth of an SHT31, in which a run has ended without a word", () => {
  for (const [when, time] of [
    ["as soon as its heater is off", 0],
    ["while it cools", MINUTE],
    ["when it has nearly cooled", 3 * MINUTE - 15_000],
  ] as const) {
    it(`is told by the next run: ${when}`, async () => {
      const rig = setUpDamp();
      await untilOver(rig);
      for (const reading of await readFor(rig, time)) assert.equal(isWarm(reading, rig), true);
      const next = setUpNext(rig);
      for (const reading of await readFor(next, 3 * MINUTE)) assert.equal(isWarm(reading, rig), true);
      for (const reading of await readFor(next, 2 * INTERVAL)) assert.equal(isWarm(reading, rig), false);
      assert.equal(isWarm(await setUpNext(rig).read(), rig), false);
    });
  }

  it("is told by each run of a row that are killed, as by the first after a kill in a pulse", async () => {
    const rig = setUpDamp();
    await readFor(rig, HOUR);
    while (!rig.chip.heater()) await rig.read();
    let last = rig;
    for (let run = 0; run < 4; run += 1) {
      last = setUpNext(rig);
      for (const reading of await readFor(last, MINUTE / 2)) assert.equal(isWarm(reading, rig), true);
    }
    await readFor(last, 3 * MINUTE);
    assert.equal(isWarm(await last.read(), rig), false);
  });

  it("is gone once it has cooled: a kill after that costs no sample", async () => {
    const rig = setUpDamp();
    await untilOver(rig);
    await readFor(rig, 3 * MINUTE);
    assert.equal(isWarm(await rig.read(), rig), false);
    assert.equal(isWarm(await setUpNext(rig).read(), rig), false);
  });

  for (const [fault, apply] of [
    [
      "a read that failed",
      async ({ controller, failure }: Rig) => {
        controller.broken = "EIO";
        await failure();
        controller.broken = undefined;
      },
    ],
    [
      "a transfer that failed",
      async ({ controller }: Rig) => void controller.errors.push("EREMOTEIO", "EREMOTEIO"),
    ],
    ["a supply that broke down", async ({ chip }: Rig) => chip.brownOut()],
  ] as const) {
    it(`lasts no longer for ${fault} while it cools, and is told by the next run all the same`, async () => {
      const rig = setUpDamp();
      await untilOver(rig);
      const end = rig.clock.monotonic() + 3 * MINUTE;
      await readFor(rig, MINUTE);
      await apply(rig);
      for (const reading of await readFor(rig, MINUTE)) assert.equal(isWarm(reading, rig), true);
      assert.equal(isWarm(await setUpNext(rig).read(), rig), true);
      const other = setUpDamp();
      await untilOver(other);
      await readFor(other, MINUTE);
      await apply(other);
      await other.clock.advance(end - other.clock.monotonic());
      assert.equal(isWarm(await other.read(), other), false);
    });
  }

  it("hides a supply that breaks down until it has gone, and no longer", async () => {
    const rig = setUpDamp();
    await untilOver(rig);
    rig.chip.brownOut();
    await rig.clock.advance(INTERVAL);
    for (const reading of await readFor(rig, MINUTE)) assert.equal(isWarm(reading, rig), true);
    assert.deepEqual(rig.sensor.describe().faults, NOTHING);
    await readFor(rig, 2 * MINUTE);
    assert.equal(isWarm(await rig.read(), rig), false);
    rig.chip.brownOut();
    await rig.clock.advance(INTERVAL);
    assert.equal(isWarm(await rig.read(), rig), false);
    assert.deepEqual(rig.sensor.describe().faults, { ...NOTHING, reset: 1 });
  });

  it("is gone although the status could not be cleared at the first try", async () => {
    const rig = setUpDamp();
    await untilOver(rig);
    await readFor(rig, 3 * MINUTE - MINUTE);
    await rig.clock.advance(MINUTE);
    rig.controller.errors.push("EREMOTEIO");
    assert.equal(isWarm(await rig.read(), rig), false);
    assert.deepEqual(rig.sensor.describe().faults, { ...NOTHING, nack: 1 });
    assert.equal(isWarm(await setUpNext(rig).read(), rig), false);
  });

  it("is over where the heater starts on: a reset does not leave it so, at the end of a pulse or at a stop", async () => {
    for (const isStopped of [false, true]) {
      const rig = setUpDamp({ faults: { heaterAfterReset: true } });
      // The start finds the heater on.
      await readFor(rig, 4 * MINUTE);
      await readFor(rig, HOUR);
      while (!rig.chip.heater()) await rig.read();
      if (isStopped) await close(rig);
      else await readFor(rig, MINUTE);
      assert.equal(rig.chip.heater(), false);
      assert.equal(isWarm(await setUpNext(rig).read(), rig), true);
    }
  });
});

describe("a program that reads an SHT31 between two runs", () => {
  for (const [end, leave] of [
    ["stopped", (rig: Rig) => close(rig)],
    ["killed", async () => undefined],
  ] as const) {
    it(`tells the warmth of a pulse in which the agent was ${end}, and leaves it to be told by the next one`, async () => {
      const rig = setUpDamp();
      await readFor(rig, HOUR);
      while (!rig.chip.heater()) await rig.read();
      await rig.read();
      await leave(rig);
      assert.equal(await readBetween(rig), true);
      assert.equal(rig.chip.heater(), false);
      assert.equal(await readBetween(rig), true);
      const next = setUpNext(rig);
      for (const reading of await readFor(next, 3 * MINUTE)) assert.equal(isWarm(reading, rig), true);
      assert.equal(isWarm(await next.read(), rig), false);
    });
  }

  it("leaves the warmth to be told also when it could not start the sensor", async () => {
    const rig = setUpDamp();
    await untilOver(rig);
    const guest = setUp({ heater: "heed", earlier: rig });
    // Found (2 transfers), stopped, asked for its status (2), reset, its heater off, asked again (2); then it fails.
    rig.controller.errors.push(...Array(9).fill(undefined), ...Array(99).fill("EIO"));
    await guest.failure();
    assert.ok(guest.commands().includes("30a2"));
    rig.controller.errors.length = 0;
    await close(guest);
    assert.equal(isWarm(await setUpNext(rig).read(), rig), true);
  });

  it("leaves nothing behind at a sensor that is not warm, and heats none", async () => {
    const rig = setUpDamp();
    assert.equal(await readBetween(rig), false);
    const guest = setUp({ heater: "heed", earlier: rig });
    await readFor(guest, 2 * HOUR);
    await close(guest);
    assert.ok(!switches(rig).includes("on"));
    assert.equal(isWarm(await setUpNext(rig).read(), rig), false);
  });
});
