import { writeFileSync } from "node:fs";
import { after } from "node:test";
import { createSysfs } from "#agent/fan/sysfs.js";
import { systemClock } from "#agent/lib/clock.js";
import { describeFanDriver } from "../../support/hardware/fan-contract.ts";
import { SOC } from "./pi/gpio-chip.ts";
import { startPi } from "./pi/pi.ts";

const FAN = 17;
const CONTACT = 27;
const pi = await startPi({ after });

async function unexport(): Promise<void> {
  if ((await pi.line(SOC, FAN)).owner === "sysfs") writeFileSync("/sys/class/gpio/unexport", "529");
}

describeFanDriver({
  name: "sysfs",
  driver: () => createSysfs(systemClock),
  line: { gpio: FAN },
  feedbackLine: { gpio: CONTACT },
  level: async () => (await pi.line(SOC, FAN)).level,
  drive: (level) => pi.drive(SOC, CONTACT, level),
  lose: unexport,
  loseFeedback: () => pi.snatch(SOC, CONTACT),
  // This chip makes an input of a line that nobody has.
  float: unexport,
  keepsLevel: true,
  within: 2000,
});
