import { test } from "node:test";
import { runGuestTests } from "./guest-tests.ts";
import { KERNELS } from "./machine.ts";

test("a newer kernel, with a chip of gpio-sim, whose lines have interrupts", async (t) => {
  await runGuestTests(t, {
    kernel: KERNELS.backports,
    names: ["feedback"],
    before: "mount -t configfs config /sys/kernel/config",
  });
});
