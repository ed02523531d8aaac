import { test } from "node:test";
import { FOLDER } from "./caves.ts";
import { startCloudFor } from "./cloud.ts";
import { runGuestTests } from "./guest-tests.ts";
import { KERNELS } from "./machine.ts";

test("Debian's kernel, with a bridge, a sensor and pins that are emulated in its user space", async (t) => {
  const { folder } = await startCloudFor(t);
  await runGuestTests(t, {
    kernel: KERNELS.stable,
    names: ["hardware", "sensor", "fan", "agent"],
    environment: { [FOLDER]: folder },
  });
});
