import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import type { Scope } from "../support/cleanup.ts";
import type { CloudRig } from "../support/rig.ts";
import { mountState } from "./disk-agent.ts";

/** Seconds. */
const LONGEST_FREEZE = 120;

/** A state directory for cave-01 whose disk hangs as soon as something is written there. */
export interface FreezableDisk {
  /** Until this ends: whoever writes there waits in the kernel, and no signal reaches him. */
  whileFrozen<T>(act: () => Promise<T>): Promise<T>;
}

/** An ext4 that fsfreeze(8) holds still. Needs root and a mount namespace of its own. */
export function mountFreezable(t: Scope, rig: CloudRig): FreezableDisk {
  const image = join(rig.folder, "ext4");
  execFileSync("truncate", ["-s", "24m", image]);
  execFileSync("mkfs.ext4", ["-q", image]);
  const state = mountState(t, rig, "-o", "loop", image);
  return {
    async whileFrozen(act) {
      // Whatever becomes of this process: a disk that stays frozen would take others with it.
      const watch = spawn("sh", ["-c", `sleep ${LONGEST_FREEZE}; fsfreeze --unfreeze "$0"`, state], {
        detached: true,
        stdio: "ignore",
      });
      const { pid } = watch;
      if (pid === undefined) throw new Error("nobody would thaw the disk");
      execFileSync("fsfreeze", ["--freeze", state]);
      try {
        return await act();
      } finally {
        execFileSync("fsfreeze", ["--unfreeze", state]);
        process.kill(-pid);
      }
    },
  };
}
