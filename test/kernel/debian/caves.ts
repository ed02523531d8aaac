import { join } from "node:path";

/** The agents that are started in the guest, one for each interface to the fan. */
export const CAVES = { sysfs: "cave-sysfs", chardev: "cave-chardev" } as const;

/** Of the agents, milliseconds: see `untilQuiet` in agent.guest.ts. */
export const READ_EVERY = 10_000;

/** In the guest's environment: where all of this lies. */
export const FOLDER = "KERNEL_RIG_CAVES";

/** The files as the guest finds them. */
export function filesOf(deviceId: string): { config: string; endpoints: string } {
  const folder = process.env[FOLDER];
  if (!folder) throw new Error(`${FOLDER} is not set: this runs in a guest only`);
  return { config: join(folder, `${deviceId}.toml`), endpoints: join(folder, "cloud", "endpoints.json") };
}
