import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fanFailure } from "#agent/fan/failure.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { lookForObstacles } from "#agent/fan/obstacles.js";
import { createFakeGpiod } from "../support/hardware/fake-gpiod.js";
import { temporaryDirectory } from "../support/pki.js";

async function setUp(t: TestContext) {
  const folder = await temporaryDirectory(t);
  const places = { sysfs: join(folder, "gpio"), devices: join(folder, "dev") };
  const gpiod = await createFakeGpiod(t);
  const look = async (load: () => Promise<unknown> = async () => undefined, path = gpiod.path) => {
    const { sysfs, chardev } = await lookForObstacles(places, createGpiod({ path }), load);
    return [sysfs?.message, chardev?.message];
  };
  return { places, look };
}

test("a machine without GPIO", async (t) => {
  const { places, look } = await setUp(t);
  assert.deepEqual(await look(), [`there is no ${places.sysfs}`, `there is no ${places.devices}/gpiochip*`]);
});

test("a kernel that shows its lines by chip only", async (t) => {
  const { places, look } = await setUp(t);
  mkdirSync(join(places.sysfs, "chip0"), { recursive: true });
  const [sysfs] = await look();
  assert.equal(sysfs, `${places.sysfs}/export is missing: this kernel has no GPIO_SYSFS_LEGACY`);
});

test("a machine with both, with the programs they need or without", async (t) => {
  const { places, look } = await setUp(t);
  for (const folder of [places.sysfs, places.devices]) mkdirSync(folder);
  writeFileSync(join(places.sysfs, "export"), "");
  writeFileSync(join(places.devices, "gpiochip0"), "");
  assert.deepEqual(await look(), [undefined, undefined]);
  const unloadable = () => Promise.reject(fanFailure("the package onoff is not installed", "install it"));
  assert.deepEqual(await look(unloadable, "/nowhere"), [
    "the package onoff is not installed",
    "gpioset is not installed",
  ]);
});

test("a user who may not", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root may everything");
  const { places, look } = await setUp(t);
  for (const folder of [places.sysfs, places.devices]) mkdirSync(folder);
  for (const file of [join(places.sysfs, "export"), join(places.devices, "gpiochip0")]) {
    writeFileSync(file, "");
    chmodSync(file, 0);
  }
  const [sysfs, chardev] = await look();
  assert.match(sysfs ?? "", /^this user may not write .*export \(EACCES/);
  assert.match(chardev ?? "", /^this user may not use .*gpiochip0$/);
});
