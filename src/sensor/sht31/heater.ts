import type { Clock } from "../../lib/clock.ts";

/** So damp that water may stand on the sensor, %RH as it measures. */
const DAMP = 99;

const MINUTE = 60_000;
/** So damp for so long, without a break: a wet sensor, rather than a wet hour. */
const DAMP_FOR = 60 * MINUTE;
const PULSE = 10_000;
/** A few degrees of heat are gone by then (Sensirion gives no time; it is longest in still air). */
const COOLED_AFTER = 3 * MINUTE;
/** The heater is no dryer for every day: it is for "plausibility checking only" (SHT3x-DIS datasheet v5, section 4.10). */
const REST = 6 * 60 * MINUTE;

/** Longest time for which a pulse keeps readings from counting, milliseconds. */
export const HEATED_FOR = PULSE + COOLED_AFTER;

/** Knows when readings are those of a warm sensor, and gives a wet one a rare, short pulse of heat. */
export interface Heater {
  /** After each measurement, %RH as measured. May begin a pulse. */
  measured(humidity: number): void;
  /** The chip was started, as it is after each read that failed, and its heater is off. */
  started(before: Before): void;
  /** Whether the heater is meant to be on. */
  isOn(): boolean;
  /** Whether what is measured now is not the air's: the heater is on, or has not cooled. */
  isHeated(): boolean;
  /** Ends a pulse. Resolves once the heater is off, or cannot be told so. */
  close(): Promise<void>;
}

/** How a start has found the chip. */
export interface Before {
  /** Its heater was on. */
  wasHeated: boolean;
  /** It had been reset since somebody last cleared its status, or its supply had been off. */
  wasReset: boolean;
}

/**
 * `pulses`: whether to pulse at all. `set` switches the heater and may reject: if it cannot be switched off, the next
 * `started` does it. Rules: 99 %RH for an hour, then 10 s of heat, at most every 6 hours.
 */
export function createHeater(pulses: boolean, set: (on: boolean) => Promise<void>, clock: Clock): Heater {
  const closing = new AbortController();
  let dampSince: number | undefined;
  let restUntil = -Infinity;
  let isOn = false;
  let heatedUntil = -Infinity;
  let isFirstStart = true;
  let pulsing: Promise<void> = Promise.resolve();

  function switchedOff(): void {
    isOn = false;
    heatedUntil = clock.monotonic() + COOLED_AFTER;
  }

  async function pulse(): Promise<void> {
    restUntil = clock.monotonic() + REST;
    isOn = true;
    try {
      await set(true);
      await clock.sleep(PULSE, closing.signal);
    } catch {
      // Off it must be in any case, also when "on" was lost on its way back.
    }
    await set(false).then(switchedOff, () => undefined);
  }

  return {
    measured(humidity) {
      const now = clock.monotonic();
      dampSince = humidity >= DAMP ? (dampSince ?? now) : undefined;
      const isDue = dampSince !== undefined && now - dampSince >= DAMP_FOR && now >= restUntil;
      if (!pulses || !isDue || closing.signal.aborted) return;
      dampSince = undefined;
      pulsing = pulse();
    },
    started({ wasHeated, wasReset }) {
      // Whether it was damp meanwhile, nobody knows.
      dampSince = undefined;
      // The run before may have ended in a pulse: by a stop, which leaves a reset chip, or with the supply of both. The
      // chip remembers that without a disk, and after any other restart the cave is controlled at once.
      const mayBeWarm = wasHeated || (pulses && isFirstStart && wasReset);
      isFirstStart = false;
      if (isOn || mayBeWarm) switchedOff();
    },
    isOn: () => isOn,
    isHeated: () => isOn || clock.monotonic() < heatedUntil,
    async close() {
      closing.abort();
      await pulsing;
    },
  };
}
