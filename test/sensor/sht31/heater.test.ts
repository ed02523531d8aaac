import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { close, HOUR, isWarm, MINUTE, readFor, setUpDamp, switches } from "./damp.ts";
import { INTERVAL, type Rig, RUNNING, setUp } from "./support.ts";

describe("the heater of an SHT31", () => {
  it("gives a sensor that was wet for an hour 10 s of heat, and the readings are marked until it has cooled", async () => {
    const rig = setUpDamp();
    const before = await readFor(rig, HOUR - MINUTE);
    assert.ok(before.every(({ heated }) => heated === undefined));
    const around = await readFor(rig, 6 * MINUTE);
    const marked = around.flatMap(({ heated }, index) => (heated ? [index * INTERVAL] : []));
    const time = (marked.at(-1) ?? 0) - (marked[0] ?? 0);
    assert.ok(time >= 3 * MINUTE && time <= 3 * MINUTE + 15_000, `marked for ${time} ms`);
    assert.equal(rig.chip.heater(), false);
    for (const { heated, temperature } of around) {
      assert.ok(heated || Math.abs(temperature - rig.air.temperature) < 0.01, String(temperature));
    }
    assert.ok(
      around.some(({ temperature }) => temperature > rig.air.temperature + 1),
      "it was heated",
    );
  });

  it("does so at most every 6 hours", async () => {
    const rig = setUpDamp();
    const { read, clock, chip } = rig;
    let pulses = 0;
    let wasOn = false;
    for (let time = 0; time < 14 * HOUR; time += 60 * INTERVAL) {
      await read();
      if (chip.heater() && !wasOn) pulses += 1;
      wasOn = chip.heater();
      await clock.advance(59 * INTERVAL);
    }
    assert.equal(switches(rig).filter((word) => word === "on").length, 3);
    assert.equal(pulses, 3);
  });

  it("stays off in air that is dry, or dry now and then, and when it is not asked for", async () => {
    const dry = setUpDamp({ humidity: 98.9 });
    await readFor(dry, 70 * MINUTE);
    const changing = setUpDamp();
    await readFor(changing, 50 * MINUTE);
    changing.air.humidity = 95;
    await changing.read();
    changing.air.humidity = 99.5;
    await readFor(changing, 50 * MINUTE);
    const plain = setUp();
    plain.air.humidity = 100;
    await readFor(plain, 70 * MINUTE);
    for (const rig of [dry, changing, plain]) assert.ok(!switches(rig).includes("on"));
  });

  it("is switched off when the sensor is closed", async () => {
    const rig = setUpDamp();
    while (!rig.chip.heater()) await rig.read();
    await close(rig);
    assert.equal(rig.chip.heater(), false);
    assert.deepEqual([rig.clock.sleepers(), rig.controller.counts().open], [0, 0]);
  });

  it("is off at the next read if it could not be switched off in time", async () => {
    const rig = setUpDamp();
    while (!rig.chip.heater()) await rig.read();
    rig.controller.broken = "EIO";
    await rig.clock.advance(MINUTE);
    assert.equal(rig.chip.heater(), true);
    rig.controller.broken = undefined;
    assert.equal((await rig.read()).heated, true);
    assert.equal(rig.chip.heater(), false);
    const after = await readFor(rig, 3 * MINUTE);
    assert.equal(after.at(-2)?.heated, true);
    assert.equal(after.at(-1)?.heated, undefined);
  });

  for (const [what, fail] of [
    [
      "after the transfer failed that ends the pulse",
      async ({ controller, clock }: Rig) => {
        controller.broken = "EIO";
        await clock.advance(MINUTE);
        controller.broken = undefined;
      },
    ],
    [
      "in a pulse, by a bus that fails once",
      async ({ controller }: Rig) => void controller.errors.push("EIO"),
    ],
    [
      "in a pulse, by a bus that fails until the last try",
      async ({ controller }: Rig) => void controller.errors.push(...Array(3).fill("EREMOTEIO")),
    ],
    [
      "in a pulse, after a read that failed",
      async (rig: Rig) => {
        rig.controller.broken = "EIO";
        await rig.failure();
        rig.controller.broken = undefined;
      },
    ],
  ] as const) {
    it(`is switched off when the sensor is closed ${what}`, async () => {
      const rig = setUpDamp();
      while (!rig.chip.heater()) await rig.read();
      await fail(rig);
      assert.equal(rig.chip.heater(), true);
      await close(rig, 1000);
      assert.equal(rig.chip.heater(), false);
      assert.deepEqual([rig.clock.sleepers(), rig.controller.counts().open], [0, 0]);
      const next = setUp({ heater: "pulse", earlier: rig });
      assert.equal(isWarm(await next.read(), rig), true);
    });
  }

  it("does not keep a stop for ever when it cannot be switched off", async () => {
    for (const trouble of ["EIO", "ETIMEDOUT", "hang"]) {
      const rig = setUpDamp();
      while (!rig.chip.heater()) await rig.read();
      if (trouble === "hang") rig.controller.hang(true);
      else rig.controller.broken = trouble;
      await close(rig, 10_000);
      assert.equal(rig.clock.sleepers(), 0);
    }
  });

  for (const [when, arrive] of [
    [
      "is being switched on",
      async ({ chip, clock, controller, sensor }: Rig) => {
        controller.slaves.set(0x44, {
          write: chip.write,
          read(length) {
            // With this status the reading ends that begins the pulse.
            if (length === 3) controller.hang(true);
            return chip.read(length);
          },
        });
        const reading = sensor.read(RUNNING);
        await clock.advance(100);
        await reading;
        assert.equal(controller.counts().underWay, 1);
      },
    ],
    [
      "is on",
      async (rig: Rig) => {
        await rig.read();
        assert.equal(rig.chip.heater(), true);
        rig.controller.hang(true);
      },
    ],
    [
      "is being switched off",
      async (rig: Rig) => {
        await rig.read();
        rig.controller.hang(true);
        await rig.clock.advance(5500);
        assert.equal(rig.controller.counts().underWay, 1);
      },
    ],
    [
      "cools",
      async (rig: Rig) => {
        await readFor(rig, MINUTE);
        assert.equal(rig.chip.heater(), false);
        rig.controller.hang(true);
      },
    ],
  ] as const) {
    it(`takes half a second of a stop at most, on a bus that hangs, while it ${when}`, async () => {
      const rig = setUpDamp();
      await readFor(rig, HOUR + INTERVAL);
      await arrive(rig);
      let isClosed = false;
      const closed = rig.sensor.close().then(() => {
        isClosed = true;
      });
      await rig.clock.advance(500);
      assert.equal(isClosed, true);
      assert.equal(rig.clock.sleepers(), 0);
      await closed;
    });
  }

  it("was on when the first try to start the sensor failed, which the second still knows", async () => {
    const rig = setUp();
    rig.chip.write([0x30, 0x6d]);
    await rig.clock.advance(MINUTE);
    // Found (2 transfers), stopped, asked for its status (2), reset; then it fails.
    rig.controller.errors.push(...Array(6).fill(undefined), "EREMOTEIO");
    assert.equal(isWarm(await rig.read(), rig), true);
    assert.equal(rig.sensor.describe().faults?.nack, 1);
    assert.equal(rig.chip.heater(), false);
    await readFor(rig, 3 * MINUTE);
    assert.equal(isWarm(await rig.read(), rig), false);
    rig.chip.brownOut();
    assert.equal(isWarm(await rig.read(), rig), false, "what was seen is told once");
  });

  for (const [what, interrupt] of [
    [
      "an hour without its plug",
      async (rig: Rig) => {
        rig.chip.unplug();
        for (let time = 0; time < HOUR; time += INTERVAL) await rig.failure();
        rig.chip.plugIn();
      },
    ],
    [
      "a read that failed",
      async (rig: Rig) => {
        rig.controller.broken = "EIO";
        await rig.failure();
        rig.controller.broken = undefined;
      },
    ],
    ["a supply that broke down", async ({ chip }: Rig) => chip.brownOut()],
  ] as const) {
    it(`begins its hour anew after ${what}`, async () => {
      const rig = setUpDamp();
      const before = await readFor(rig, 50 * MINUTE);
      await interrupt(rig);
      const readings = [...before, ...(await readFor(rig, 50 * MINUTE))];
      assert.ok(readings.every(({ heated }) => heated === undefined));
      assert.ok((await readFor(rig, 11 * MINUTE)).some(({ heated }) => heated));
    });
  }

  for (const [when, before] of [
    ["in a pulse", async (rig: Rig) => void (await rig.read())],
    ["while it cools", (rig: Rig) => readFor(rig, MINUTE)],
  ] as const) {
    it(`has its warmth told also by the run after one that was stopped ${when}`, async () => {
      const rig = setUpDamp();
      while (!rig.chip.heater()) await rig.read();
      await before(rig);
      await close(rig);
      assert.equal(rig.chip.heater(), false);
      const next = setUp({ heater: "pulse", earlier: rig });
      for (const reading of await readFor(next, 3 * MINUTE)) assert.equal(isWarm(reading, rig), true);
      // It has cooled within the first of these, and its mark is taken away before the second.
      for (const reading of await readFor(next, 2 * INTERVAL)) assert.equal(isWarm(reading, rig), false);
      await close(next);
      const last = setUp({ heater: "pulse", earlier: rig });
      assert.equal(isWarm(await last.read(), rig), false);
    });
  }

  it("has its warmth told by the run after one that was killed in a pulse", async () => {
    const rig = setUpDamp();
    while (!rig.chip.heater()) await rig.read();
    const next = setUp({ heater: "pulse", earlier: rig });
    assert.equal(isWarm(await next.read(), rig), true);
    assert.equal(rig.chip.heater(), false);
  });

  it("may have been on when the supply failed, which is not so where nobody asks for pulses", async () => {
    const rig = setUp({ heater: "pulse" });
    assert.equal((await rig.read()).heated, true);
    rig.chip.brownOut();
    await rig.clock.advance(3 * MINUTE);
    assert.equal((await rig.read()).heated, undefined, "this run knows that there was no pulse");
    assert.equal((await setUp().read()).heated, undefined);
  });
});
