import { access } from "node:fs/promises";
import { join } from "node:path";
import type { MachineCheck } from "./check.ts";

/** Outside of this no clock is right: this version is younger, and X.509 leafs do not live so long. */
const PLAUSIBLE = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2100, 0, 1) };

const REMEDY =
  "check that systemd-timesyncd runs, that a time server can be reached (UDP port 123), or set the clock";

/**
 * Whether the wall clock can be believed. systemd-timesyncd makes the file `synchronized` when a time server has set
 * the clock since boot (systemd-timesyncd.service(8)); other time services leave no such mark.
 */
export const clockCheck: MachineCheck = {
  id: "clock",
  title: "clock",
  async look({ clock, machine }) {
    const now = clock.now();
    const time = `it is ${new Date(now).toISOString()}`;
    if (now < PLAUSIBLE.from || now > PLAUSIBLE.to) {
      return { result: "failed", detail: `${time}, which cannot be`, remedy: REMEDY };
    }
    if (await exists(join(machine.timesync, "synchronized"))) {
      return { result: "ok", detail: `${time}, synchronized` };
    }
    if (await exists(machine.timesync)) {
      return { result: "warning", detail: `${time}, not synchronized since boot`, remedy: REMEDY };
    }
    return { result: "skipped", detail: `${time}; nothing here tells whether it is synchronized` };
  },
};

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
