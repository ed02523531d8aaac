import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../../support/pki.ts";
import { ROOT } from "../../support/rig.ts";
import { runTestsInGuest } from "../qemu/run-tests.ts";
import { createMachine, type GuestKernel } from "./machine.ts";

export interface GuestTests {
  kernel: GuestKernel;
  /** `sensor` for sensor.guest.ts. All run in one process: each more would cost an emulated processor seconds. */
  names: readonly string[];
  /** Shell commands before them. */
  before?: string;
  environment?: Record<string, string>;
}

/** Milliseconds; a loaded machine takes a multiple of what an idle one does. */
const DEADLINE = 1_200_000;
const built = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Boots a guest, runs these tests in it, and tells each as a part of this one. */
export async function runGuestTests(t: TestContext, tests: GuestTests): Promise<void> {
  const machine = await createMachine(tests.kernel, command(tests), await temporaryDirectory(t));
  const { seconds } = await runTestsInGuest(t, machine, DEADLINE);
  t.diagnostic(`${seconds.toFixed(1)} s from power-on to power-off`);
}

function command({ names, before = "", environment = {} }: GuestTests): string {
  const variables = { PATH: process.env.PATH ?? "", NO_COLOR: "1", ...environment };
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  const files = names.map((name) => built(`./${name}.guest.js`));
  const reporter = `--test-reporter=${built("../qemu/reporter.js")} --test-reporter-destination=stdout`;
  return `cd ${ROOT}
${exports.join("\n")}
${before}
exec ${process.execPath} --enable-source-maps ${reporter} ${built("../qemu/run-files.js")} ${files.join(" ")}
`;
}
