import { join } from "node:path";
import { root, say } from "../setup.mjs";

/** Built like all tests, and so not there before the first build. */
const machine = () => import(join(root, ".build", "test", "kernel", "raspi", "machine.js"));

/**
 * Rig 3: a Raspberry Pi 3 in QEMU with Debian's own kernel, whose GPIO block is seen from outside.
 * @type {import("./rig.d.ts").Rig}
 */
export const raspi = {
  name: "raspi",
  folder: "raspi",
  isFast: false,
  atATime: 1,
  /** Milliseconds: an emulated processor on a busy machine. */
  timeout: 1_200_000,
  canRun: async () => (await machine()).whyNot(),
  prepare: async () => say(`guest: ${await (await machine()).prepare(say)}`),
};
