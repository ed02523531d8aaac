import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { beforeEach, describe, it } from "node:test";
import { createChardev } from "#agent/fan/chardev.js";
import type { GpioDriver } from "#agent/fan/driver.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { createSysfs } from "#agent/fan/sysfs.js";
import { systemClock } from "#agent/lib/clock.js";
import { describeFanDriver, type FanRig } from "../../support/hardware/fan-contract.ts";
import { until } from "../../support/until.ts";
import { CHIP_LABEL } from "../mcp2221/bench.ts";
import { bench } from "./bench.ts";
import { endHolders, freePin, pinOf } from "./pin.ts";

const PIN = 0;
const LINE = { chip: CHIP_LABEL, offset: PIN };
const REQUEST = { line: LINE, key: "fan.line", activeLow: false };
const DRIVERS = { sysfs: () => createSysfs(systemClock), chardev: () => createChardev(systemClock) };
/** The arguments of a gpioset that switches the fan on and stays. */
async function holdWords(): Promise<string[]> {
  const gpiod = createGpiod();
  // libgpiod 2 knows a chip by its number and name, not by its label.
  const chip = (await gpiod.chips()).find(({ label }) => label === CHIP_LABEL)?.name ?? "";
  const words = [chip, `${PIN}=1`];
  return (await gpiod.version()) >= 2 ? ["-c", ...words] : ["--mode=signal", ...words];
}

beforeEach(() => freePin(CHIP_LABEL, PIN));

describeFanDriver(rigOf("sysfs", DRIVERS.sysfs));
describeFanDriver(rigOf("chardev", DRIVERS.chardev));

describe("a line that somebody else has", () => {
  it("is taken from sysfs by the character device if nobody has it open there, and goes on at its level", async () => {
    const pin = await pinOf(CHIP_LABEL, PIN);
    for (const word of ["high", "low"] as const) {
      await pin.export();
      await pin.set("direction", word);
      const request = { ...REQUEST, initial: word === "low" };
      const value = await open(pin.file("value"));
      await assert.rejects(
        DRIVERS.chardev().openOutput(request, () => undefined),
        {
          code: "FAN_FAILED",
          message: /process \d+ \(.+\) has it$/,
        },
      );
      await value.close();
      const output = await DRIVERS.chardev().openOutput(request, () => undefined);
      assert.equal(output.found, word === "high");
      assert.equal((await bench.look()).levels[PIN], word === "high" ? 1 : 0);
      await output.close();
      await freePin(CHIP_LABEL, PIN);
    }
  });

  it("is refused by sysfs while a gpioset holds it, and had when that has ended", async () => {
    const other = spawn("gpioset", await holdWords());
    await until("it holds the line", async () => (await bench.look()).levels[PIN] === 1);
    await assert.rejects(take(DRIVERS.sysfs()), { code: "FAN_FAILED", message: /another program/ });
    other.kill();
    await once(other, "exit");
    await take(DRIVERS.sysfs());
  });
});

async function take(driver: GpioDriver): Promise<void> {
  const output = await driver.openOutput({ ...REQUEST, initial: false }, () => undefined);
  await output.set(true);
  assert.equal((await bench.look()).levels[PIN], 1);
  await output.close();
}

function rigOf(name: FanRig["name"], driver: () => GpioDriver): FanRig {
  return {
    name,
    driver,
    line: LINE,
    async level() {
      const level = (await bench.look()).levels[PIN];
      assert.ok(level !== undefined && level !== "in", "the pin is an input");
      return level;
    },
    drive: (level) => bench.drive(PIN, level),
    lose: async () => (name === "sysfs" ? (await pinOf(CHIP_LABEL, PIN)).unexport() : endHolders()),
    float: () => freePin(CHIP_LABEL, PIN),
    // hid-mcp2221 calls every output that is high an input (it takes the level for an error): sysfs, where a line stays
    // exported, is not deceived by it. The character device takes an input over in its safe state.
    keepsLevel: name === "sysfs",
    within: 15_000,
  };
}
