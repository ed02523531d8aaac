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

/** `pulse`: a wet sensor is heated now and then. `heed`: it is not, but the run before may have. `off`: nobody does. */
export type HeaterUse = "off" | "heed" | "pulse";

/** Knows when readings are those of a warm sensor, and gives a wet one a rare, short pulse of heat. */
export interface Heater {
  /** After each measurement, %RH as measured. May begin a pulse. */
  measured(humidity: number): void;
  /** The chip is about to be started, and was found so; what a start has seen that fails later on is not forgotten. */
  found(before: Before): void;
  /** It was started, as it is after each read that failed, and its heater is off. */
  started(): void;
  /** Whether the heater is meant to be on. */
  isOn(): boolean;
  /** Whether what is measured now is not the air's: the heater is on, or has not cooled. */
  isHeated(): boolean;
  /** Whether the chip is to keep the mark of a reset, which tells the next run of the warmth, however this one ends. */
  isToldOn(): boolean;
  /** Ends a pulse. A heater that was on is left to whoever closes: `isHeated` tells. */
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
 * `set` switches the heater and may reject, as after `close`: if it cannot be switched off, the next start of the chip
 * does it. Rules: 99 %RH for an hour, then 10 s of heat, at most every 6 hours.
 */
export function createHeater(
  use: HeaterUse,
  set: (on: boolean, signal: AbortSignal) => Promise<void>,
  clock: Clock,
): Heater {
  const closing = new AbortController();
  let dampSince: number | undefined;
  let restUntil = -Infinity;
  let isOn = false;
  let heatedUntil = -Infinity;
  let isFirstStart = true;
  /** It was found so, and its start has not succeeded since. */
  let mayBeWarm = false;
  let pulsing: Promise<void> = Promise.resolve();

  function switchedOff(): void {
    isOn = false;
    heatedUntil = clock.monotonic() + COOLED_AFTER;
  }

  async function pulse(): Promise<void> {
    restUntil = clock.monotonic() + REST;
    isOn = true;
    try {
      await set(true, closing.signal);
      await clock.sleep(PULSE, closing.signal);
    } catch {
      // Off it must be in any case, also when "on" was lost on its way back.
    }
    await set(false, closing.signal).then(switchedOff, () => undefined);
  }

  const isHeated = (): boolean => isOn || mayBeWarm || clock.monotonic() < heatedUntil;

  return {
    measured(humidity) {
      const now = clock.monotonic();
      dampSince = humidity >= DAMP ? (dampSince ?? now) : undefined;
      const isDue = dampSince !== undefined && now - dampSince >= DAMP_FOR && now >= restUntil;
      if (use !== "pulse" || !isDue || closing.signal.aborted) return;
      dampSince = undefined;
      pulsing = pulse();
    },
    found({ wasHeated, wasReset }) {
      // The run before may have ended while the sensor was warm, which has the mark of a reset then; or with the supply of
      // both. The chip remembers that without a disk, and after any other restart the cave is controlled at once.
      if (wasHeated || (use !== "off" && isFirstStart && wasReset)) mayBeWarm = true;
    },
    started() {
      // Whether it was damp meanwhile, nobody knows.
      dampSince = undefined;
      isFirstStart = false;
      if (isOn || mayBeWarm) switchedOff();
      mayBeWarm = false;
    },
    isOn: () => isOn,
    isHeated,
    isToldOn: () => use !== "off" && isHeated(),
    async close() {
      closing.abort();
      await pulsing;
    },
  };
}
