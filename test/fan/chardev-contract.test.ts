import { after } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { systemClock } from "#agent/lib/clock.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { describeFanDriver } from "../support/hardware/fan-contract.js";

// The same as in the virtual machines, where tools and kernel are real; here for every day, and for both versions.
for (const version of [1, 2] as const) {
  const gpiod = await createFakeGpiod({ after }, version);
  describeFanDriver({
    name: "chardev",
    driver: () => createChardev(systemClock, createGpiod({ path: gpiod.path })),
    line: { gpio: 17 },
    feedbackLine: { gpio: 27 },
    level: async () => gpiod.level(17),
    drive: async (level) => gpiod.drive(27, level),
    loseFeedback: async () => gpiod.kill(27),
    lose: async () => gpiod.kill(17),
    float: async () => gpiod.float(17),
    keepsLevel: false,
    within: 1500,
  });
}
