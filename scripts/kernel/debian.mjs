import { join } from "node:path";
import { root, say } from "../setup.mjs";

/** Built like all tests, and so not there before the first build. */
const machine = () => import(join(root, ".build", "test", "kernel", "debian", "machine.js"));

/**
 * Rig 2: a PC in QEMU with Debian's own kernel, in which the bridge to the sensor and the fan is a process on /dev/uhid.
 * @type {import("./rig.d.ts").Rig}
 */
export const debian = {
  name: "debian",
  folder: "debian",
  isFast: false,
  /** Each guest has one processor. */
  atATime: 2,
  /** Milliseconds: an emulated processor on a busy machine. */
  timeout: 1_300_000,
  canRun: async () => (await machine()).whyNot(),
  prepare: async () => say(`kernels: ${(await (await machine()).prepare(say)).join(", ")}`),
};
