import { askTimeServices } from "../clock/synchronized.ts";
import type { MachineCheck } from "./check.ts";

/** Outside of this no clock is right: this version is younger, and X.509 leafs do not live so long. */
const PLAUSIBLE = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2100, 0, 1) };

const REMEDY =
  "check that systemd-timesyncd or chrony runs, that a time server can be reached (UDP port 123), or set the clock";

/** Whether the wall clock can be believed. */
export const clockCheck: MachineCheck = {
  id: "clock",
  title: "clock",
  async look({ clock, machine }, signal) {
    const now = clock.now();
    const time = `it is ${new Date(now).toISOString()}`;
    if (now < PLAUSIBLE.from || now > PLAUSIBLE.to) {
      return { result: "failed", detail: `${time}, which cannot be`, remedy: REMEDY };
    }
    const said = await askTimeServices(machine, signal);
    if (!said) return { result: "skipped", detail: `${time}; nothing here tells whether it is synchronized` };
    const { isSynchronized, service } = said;
    return isSynchronized
      ? { result: "ok", detail: `${time}, synchronized, says ${service}` }
      : {
          result: "warning",
          detail: `${time}, not synchronized since boot, says ${service}`,
          remedy: REMEDY,
          code: "CLOCK_UNSYNCHRONIZED",
        };
  },
};
