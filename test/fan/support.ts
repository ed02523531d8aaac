import type { FanConfig } from "#agent/fan/config.js";
import { fanFailure } from "#agent/fan/failure.js";
import type { Fan } from "#agent/fan/fan.js";
import { createGpioFan } from "#agent/fan/gpio-fan.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { createFakeLines, type FakeLines } from "../support/hardware/fake-lines.ts";
import { PLAIN_FAN } from "../support/hardware/plain-fan.ts";

/** A fan on lines in the test's hands. */
export interface Rig {
  clock: FakeClock;
  lines: FakeLines;
  fan: Fan;
  /** What it has told by itself. */
  told: string[];
  /** Whether the machine has GPIO at all; it has at first. */
  plug(there: boolean): void;
  /** Aborts in 10 s of real time. */
  soon(): AbortSignal;
}

/** `found`: what the line is before it is opened; undefined: nobody drives it. */
export function build(changes: Partial<FanConfig> = {}, found?: boolean): Rig {
  const clock = createFakeClock();
  const lines = createFakeLines(found);
  const told: string[] = [];
  let isThere = true;
  const fan = createGpioFan({
    config: { ...PLAIN_FAN, ...changes, line: PLAIN_FAN.line },
    async choose() {
      if (!isThere) throw fanFailure("there is no GPIO", "buy some");
      return { name: "sysfs", why: "it is there", driver: lines.driver };
    },
    clock,
    onTaken: ({ driver, detail }) => told.push(`${driver}: ${detail}`),
    onFault: ({ message }) => told.push(`fault: ${message}`),
    onRecovered: () => told.push("recovered"),
  });
  return {
    clock,
    lines,
    fan,
    told,
    plug(there) {
      isThere = there;
    },
    soon: () => AbortSignal.timeout(10_000),
  };
}
