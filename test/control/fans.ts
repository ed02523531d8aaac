import type { ControlOptions } from "#agent/control.js";
import type { Fan } from "#agent/fan/fan.js";
import { createGpioFan } from "#agent/fan/gpio-fan.js";
import type { FakeClock } from "../support/fake-clock.ts";
import { createFakeLines, type FakeLines } from "../support/hardware/fake-lines.ts";
import { PLAIN_FAN } from "../support/hardware/plain-fan.ts";
import { airSensor, type Loop, startLoop } from "./support.ts";

/** Tells when the fan is commanded and released. A command takes 4 s, once `slowBy` was called. */
export function toldFan() {
  const told: string[] = [];
  let sleep: (milliseconds: number) => Promise<void> = async () => undefined;
  const fan = (real: Fan): Fan => ({
    ...real,
    async set(on) {
      told.push(`set ${on}`);
      await sleep(4000);
      await real.set(on);
      told.push("obeyed");
    },
    async release() {
      told.push("release");
      await real.release();
    },
  });
  return {
    told,
    fan,
    slowBy(clock: Pick<FakeClock, "sleep">) {
      sleep = (milliseconds) => clock.sleep(milliseconds);
    },
  };
}

/** A fan on lines in the test's hands, with a contact that must show within 20 s what it does. */
export function watchedFan(clock: FakeClock): { lines: FakeLines; fan: Fan } {
  const lines = createFakeLines();
  const fan = createGpioFan({
    config: { ...PLAIN_FAN, feedbackLine: { gpio: 27 }, feedbackWithin: 20_000 },
    choose: async () => ({ name: "sysfs", why: "it is there", driver: lines.driver }),
    clock,
    onTaken: () => undefined,
    onFault: () => undefined,
    onRecovered: () => undefined,
  });
  return { lines, fan };
}

/** A loop of which only faults of the fan and the number of samples are asked. */
export interface FanLoop extends Loop {
  faults: string[];
  samples(): number;
}

/** The control loop over air that stays as it is. */
export function run(
  fan: Fan,
  clock: FakeClock,
  temperature: number,
  options: Partial<ControlOptions> = {},
): FanLoop {
  const faults: string[] = [];
  let samples = 0;
  const loop = startLoop({
    sensor: airSensor({ temperature, humidity: 90 }),
    fan,
    clock,
    onSample: () => {
      samples += 1;
    },
    onFanFault: (error) => faults.push(String(error)),
    ...options,
  });
  return { ...loop, faults, samples: () => samples };
}
