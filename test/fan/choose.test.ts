import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseInterface, chooseKind } from "#agent/fan/choose.js";
import type { FanConfig } from "#agent/fan/config.js";
import { fanFailure } from "#agent/fan/failure.js";
import { isFailure } from "../support/hardware/fan-contract.js";

const LINE = { gpio: 17 };

test("a simulated fan is only what was asked for, or nothing real beside a simulated sensor", () => {
  for (const [driver, line, sensor, kind] of [
    ["auto", undefined, "simulated", "simulated"],
    ["auto", undefined, "sht31", "none"],
    ["auto", undefined, "auto", "none"],
    ["auto", LINE, "sht31", "gpio"],
    ["auto", LINE, "simulated", "gpio"],
    ["simulated", LINE, "sht31", "simulated"],
    ["none", LINE, "simulated", "none"],
    ["sysfs", LINE, "simulated", "gpio"],
    ["chardev", LINE, "auto", "gpio"],
  ] as const) {
    assert.equal(chooseKind({ driver, line }, sensor).name, kind, `${driver} ${Boolean(line)} ${sensor}`);
  }
});

const NO_SYSFS = fanFailure("there is no /sys/class/gpio", "run it elsewhere");
const NO_CHARDEV = fanFailure("gpioset is not installed", "run apt install gpiod");

const choose = (config: Partial<FanConfig>, sysfs = true, chardev = true) =>
  chooseInterface(
    { driver: "auto", feedbackLine: undefined, feedbackPull: "as-is", ...config },
    { sysfs: sysfs ? undefined : NO_SYSFS, chardev: chardev ? undefined : NO_CHARDEV },
  );

test("auto takes sysfs where it is, else the character device, and says why", () => {
  assert.equal(choose({}).name, "sysfs");
  assert.equal(choose({}, true, false).name, "sysfs");
  assert.deepEqual(choose({}, false), { name: "chardev", why: "there is no /sys/class/gpio" });
});

test("auto takes nothing but the character device for a resistor that sysfs cannot set", () => {
  const pulled = { feedbackLine: { gpio: 27 }, feedbackPull: "up" } as const;
  assert.match(choose(pulled).why, /cannot set fan\.feedbackPull/);
  assert.equal(choose(pulled).name, "chardev");
  assert.throws(
    () => choose(pulled, true, false),
    isFailure(/cannot set fan\.feedbackPull, and gpioset is not/, /apt install gpiod; or .* real resistor/),
  );
  assert.equal(choose({ ...pulled, feedbackPull: "as-is" }).name, "sysfs");
  assert.equal(choose({ feedbackPull: "up" }).name, "sysfs", "there is no feedback to pull");
});

test("a driver that was asked for is taken, or refused with its own reason", () => {
  assert.deepEqual(choose({ driver: "chardev" }), { name: "chardev", why: 'fan.driver is "chardev"' });
  assert.throws(() => choose({ driver: "chardev" }, true, false), isFailure(/^gpioset is not installed$/));
  assert.throws(() => choose({ driver: "sysfs" }, false), isFailure(/^there is no \/sys\/class\/gpio$/));
});

test("where nothing can be used, both reasons are said", () => {
  assert.throws(
    () => choose({}, false, false),
    isFailure(/no \/sys\/class\/gpio, and gpioset is not/, /elsewhere; or run apt install gpiod/),
  );
});
