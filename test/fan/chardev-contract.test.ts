import { after } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { systemClock } from "#agent/lib/clock.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { describeFanDriver } from "../support/hardware/fan-contract.js";

// The same as in the virtual machines, where tools and kernel are real; here for every day, for both versions, and as on
// Raspberry Pi's own kernel.
for (const [version, keeps] of [
  [1, false],
  [2, false],
  [2, true],
] as const) {
  const gpiod = await createFakeGpiod({ after }, version);
  if (keeps) gpiod.persist();
  describeFanDriver({
    name: "chardev",
    driver: () => createChardev(systemClock, createGpiod({ path: gpiod.path }), async () => keeps),
    line: { gpio: 17 },
    feedbackLine: { gpio: 27 },
    level: async () => gpiod.level(17),
    drive: async (level) => gpiod.drive(27, level),
    loseFeedback: async () => gpiod.kill(27),
    lose: async () => gpiod.kill(17),
    float: async () => gpiod.float(17),
    keepsLevel: keeps,
    within: 1500,
  });
}
