import type { Clock } from "../../lib/clock.ts";
import { askTimeServices, type TimeServices } from "./synchronized.ts";

/** Follows whether a time server has set this machine's clock. */
export interface ClockWatch {
  /** Undefined while nobody knows. False only after it was so for 2 min: a machine that has just booted may still ask. */
  isSynchronized(): boolean | undefined;
  /** Looks once a minute until it is, which is then so for good; resolves then, or once `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const LOOK_EVERY = 60_000;
const PATIENCE = 120_000;

/** `onChange` is called after `isSynchronized` has changed. */
export function createClockWatch(services: TimeServices, clock: Clock, onChange: () => void): ClockWatch {
  let known: boolean | undefined;
  let doubtfulSince: number | undefined;

  function judge(isSynchronized: boolean | undefined): boolean | undefined {
    if (isSynchronized !== false) doubtfulSince = undefined;
    else doubtfulSince ??= clock.monotonic();
    const isBrief = doubtfulSince !== undefined && clock.monotonic() - doubtfulSince < PATIENCE;
    return isBrief ? undefined : isSynchronized;
  }

  return {
    isSynchronized: () => known,
    async run(signal) {
      while (!signal.aborted && known !== true) {
        const said = await askTimeServices(services, signal);
        if (signal.aborted) return;
        const next = judge(said?.isSynchronized);
        const hasChanged = next !== known;
        known = next;
        if (hasChanged) onChange();
        if (known !== true) await clock.sleep(LOOK_EVERY, signal).catch(() => undefined);
      }
    },
  };
}
