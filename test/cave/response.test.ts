import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Air } from "#agent/cave/air.js";
import { INITIAL_RESPONSE, type ResponseLimits, type ResponseState, respond } from "#agent/cave/response.js";
import { createSimulatedSensor } from "#agent/sensor/simulated.js";
import { createFakeClock } from "../support/fake-clock.ts";
import { DEFAULTS } from "./support.ts";

const MINUTE = 60_000;
const LIMITS: ResponseLimits = { responseAfter: 30 * MINUTE, temperatureDrop: 0.3, humidityDrop: 1 };

const air = (temperature: number, humidity: number): Air => ({ temperature, humidity });

interface Stretch {
  minutes: number;
  fan: boolean;
  /** The air at a minute of the stretch. */
  air: (minute: number) => Air | undefined;
}

/** The minutes, counted from the start, at which the alert came and went: "+30 -45". */
function alerts(stretches: Stretch[]): string {
  let state: ResponseState = INITIAL_RESPONSE;
  let total = 0;
  const seen: string[] = [];
  for (const { minutes, fan, air: airAt } of stretches) {
    for (let minute = 0; minute < minutes; minute += 1, total += 1) {
      const next = respond(state, fan, airAt(minute), DEFAULTS, LIMITS, total * MINUTE);
      const was = state.noEffectSince !== undefined;
      if ((next.noEffectSince !== undefined) !== was) seen.push(`${was ? "-" : "+"}${total}`);
      state = next;
    }
  }
  return seen.join(" ");
}

const WARM = air(14, 94);
const on = (minutes: number, airAt: Stretch["air"]): Stretch => ({ minutes, fan: true, air: airAt });
const off = (minutes: number, airAt: Stretch["air"]): Stretch => ({ minutes, fan: false, air: airAt });

describe("fanNoEffect", () => {
  it("is raised when neither quantity has fallen after responseAfter, and not before", () => {
    assert.equal(alerts([on(60, () => WARM)]), "+30");
    assert.equal(alerts([on(30, () => WARM)]), "");
    assert.equal(alerts([on(60, (minute) => air(14 + minute / 60, 94 + minute / 60))]), "+30");
  });

  it("is not raised when either has fallen by its drop", () => {
    assert.equal(alerts([on(90, (minute) => air(14 - Math.min(0.3, minute / 50), 94))]), "");
    assert.equal(alerts([on(90, (minute) => air(14, 94 - Math.min(1, minute / 20)))]), "");
    assert.equal(alerts([on(90, (minute) => air(14 - Math.min(0.29, minute / 50), 94))]), "+30");
  });

  it("counts from when the fan began to run, not while it is off", () => {
    assert.equal(alerts([off(100, () => WARM), on(31, () => WARM)]), "+130");
    assert.equal(alerts([on(20, () => WARM), off(1, () => WARM), on(31, () => WARM)]), "+51");
  });

  it("goes when the air falls at last, from as warm as it had become by then", () => {
    const warming = (minute: number): Air => air(Math.min(16, 14 + minute / 30), 94);
    assert.equal(alerts([on(60, warming), on(10, (minute) => air(16 - minute / 10, 94))]), "+30 -63");
  });

  it("goes after the fan has been off for responseAfter, and no sooner", () => {
    assert.equal(alerts([on(31, () => WARM), off(31, () => WARM)]), "+30 -61");
    assert.equal(alerts([on(31, () => WARM), off(29, () => WARM), on(9, () => WARM)]), "+30");
  });

  it("is raised when a fan dies while it is on and the air comes back", () => {
    const dying = (minute: number): Air => air(12.5 + minute / 40, 91 + minute / 20);
    assert.equal(
      alerts([on(20, (minute) => air(14 - minute / 13, 94 - minute / 7)), on(120, dying)]),
      "+110",
    );
  });
});

describe("no false alarm", () => {
  it("of air at its targets, which may be as cold and dry as the supply air", () => {
    assert.equal(alerts([on(300, () => air(12, 90))]), "");
    assert.equal(alerts([on(60, () => air(12.1, 90))]), "+30");
    assert.equal(alerts([on(60, () => air(12, 90.1))]), "+30");
  });

  it("of air that has answered and rests above its target, also after a short pause", () => {
    const resting = (): Air => air(13.5, 92);
    const falling = (minute: number): Air => air(14 - minute / 20, 94);
    assert.equal(alerts([on(10, falling), on(600, resting), off(5, resting), on(600, resting)]), "");
  });

  it("without a good reading; it is judged by the next one", () => {
    const broken = (): Air => air(Number.NaN, 94);
    assert.equal(alerts([on(300, () => undefined), on(300, broken)]), "");
    assert.equal(alerts([on(1, () => WARM), on(99, () => undefined), on(1, () => WARM)]), "+100");
  });
});

describe("the simulated cave", () => {
  /** Runs it a day with a thermostat of an hour on, an hour off; the fan moves air while `works`. */
  async function day(seed: number, works: (minute: number) => boolean): Promise<string> {
    const clock = createFakeClock();
    let fan = false;
    const fanOn = () => fan && works(clock.monotonic() / MINUTE);
    const sensor = createSimulatedSensor({ seed, speed: 1, clock, fanOn });
    const seen: string[] = [];
    let state: ResponseState = INITIAL_RESPONSE;
    for (let minute = 0; minute < 1440; minute += 1) {
      fan = Math.floor(minute / 60) % 2 === 1;
      const reading = await sensor.read(new AbortController().signal);
      const next = respond(state, fan, reading, DEFAULTS, LIMITS, clock.monotonic());
      const was = state.noEffectSince !== undefined;
      if ((next.noEffectSince !== undefined) !== was) seen.push(was ? "-" : "+");
      state = next;
      await clock.advance(MINUTE);
    }
    return seen.join("");
  }

  it("never raises it with a sound fan", async () => {
    for (const seed of [1, 2, 3, 4]) assert.equal(await day(seed, () => true), "", `seed ${seed}`);
  });

  it("raises it with a dead one, and takes it back when the fan is mended", async () => {
    for (const seed of [1, 2, 3, 4]) {
      assert.match(await day(seed, () => false), /^\+/, `seed ${seed}`);
      assert.match(await day(seed, (minute) => minute > 720), /^(\+-)+$/, `seed ${seed}`);
    }
  });
});
