import assert from "node:assert/strict";
import type { Reading } from "#agent/sensor/sensor.js";
import { INTERVAL, type Rig, type RigOptions, setUp } from "./support.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Reads at the interval for so long; resolves to all readings. */
export async function readFor({ read }: Rig, time: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let left = time; left > 0; left -= INTERVAL) readings.push(await read());
  return readings;
}

export function switches({ chip }: Rig): string[] {
  return chip.told().flatMap(({ bytes }) => (bytes === "306d" ? ["on"] : bytes === "3066" ? ["off"] : []));
}

const CLEAR_STATUS = [0x30, 0x41];

/** A sensor whose status an earlier run has cleared, so that none of it says that it may be warm. */
export function setUpDamp({ humidity = 99.5, ...options }: RigOptions & { humidity?: number } = {}): Rig {
  const rig = setUp({ heater: "pulse", ...options });
  rig.chip.write(CLEAR_STATUS);
  rig.air.humidity = humidity;
  return rig;
}

/** The chip wants a moment between two commands; `time` ms is enough. */
export async function close({ sensor, clock }: Rig, time = 10): Promise<void> {
  const closed = sensor.close();
  await clock.advance(time);
  await closed;
}

export function isWarm({ heated, temperature }: Reading, { air }: Rig): boolean {
  assert.ok(heated || Math.abs(temperature - air.temperature) < 0.01, `${temperature} °C passes for the air`);
  return heated === true;
}
