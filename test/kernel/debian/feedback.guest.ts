import { after, beforeEach } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import { createSysfs } from "#agent/fan/sysfs.js";
import { systemClock } from "#agent/lib/clock.js";
import { describeFanDriver, type FanRig } from "../../support/hardware/fan-contract.ts";
import { createGpioSim } from "../../support/hardware/gpio-sim.ts";
import { endHolders, endMonitors, freePin, pinOf } from "./pin.ts";

const CHIP = "cave-sim";
const [FAN, CONTACT] = [0, 1];
const sim = await createGpioSim({ label: CHIP, lines: 4 });
after(() => sim.remove());

beforeEach(async () => {
  await freePin(CHIP, FAN);
  await freePin(CHIP, CONTACT);
});

describeFanDriver({ ...rigOf("sysfs"), driver: () => createSysfs(systemClock), keepsLevel: true });
describeFanDriver({ ...rigOf("chardev"), driver: () => createChardev(systemClock), keepsLevel: false });

function rigOf(name: FanRig["name"]): Omit<FanRig, "driver" | "keepsLevel"> {
  return {
    name,
    line: { chip: CHIP, offset: FAN },
    feedbackLine: { chip: CHIP, offset: CONTACT },
    level: () => sim.level(FAN),
    drive: (level) => sim.drive(CONTACT, level),
    lose: async () => (name === "sysfs" ? (await pinOf(CHIP, FAN)).unexport() : endHolders()),
    loseFeedback: async () => (name === "sysfs" ? (await pinOf(CHIP, CONTACT)).unexport() : endMonitors()),
    float: () => freePin(CHIP, FAN),
    // An emulated processor starts libgpiod's tools, three for each look at the contact.
    within: 15_000,
  };
}
