import { test } from "node:test";
import { temporaryDirectory } from "../../support/pki.ts";
import { runGuestTests } from "./guest-tests.ts";
import { installLibgpiod2 } from "./libgpiod2.ts";
import { KERNELS } from "./machine.ts";

test("a newer kernel, with a chip of gpio-sim, whose lines have interrupts", async (t) => {
  const tools = await installLibgpiod2(await temporaryDirectory(t));
  await runGuestTests(t, {
    kernel: KERNELS.backports,
    names: ["feedback"],
    environment: { PATH: `${tools}:${process.env.PATH}` },
    before: "mount -t configfs config /sys/kernel/config",
  });
});
