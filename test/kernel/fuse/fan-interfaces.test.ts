import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type FanOptions, fan } from "#agent/commands/fan.js";
import { createChardev } from "#agent/fan/chardev.js";
import { createGpiod } from "#agent/fan/gpiod.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../../support/cleanup.ts";
import { createFakeGpiod } from "../../support/hardware/fake-gpiod.ts";
import { temporaryDirectory } from "../../support/pki.ts";
import { SOC } from "./pi/gpio-chip.ts";
import { startPi } from "./pi/pi.ts";

const [FAN, CONTACT] = [17, 27];
const SYSFS = "/sys/class/gpio";
const LINE = { line: { gpio: FAN }, key: "fan.line", activeLow: false } as const;

/** A machine with both interfaces: a /sys/class/gpio, and a character device that knows what is exported there. */
async function setUp(t: TestContext, fanToml = "") {
  const pi = await startPi(t);
  const folder = await temporaryDirectory(t);
  const gpiod = await createFakeGpiod(t);
  for (const offset of [FAN, CONTACT]) gpiod.exportAs(offset, `${SYSFS}/gpio${512 + offset}`);
  const devices = join(folder, "dev");
  mkdirSync(devices);
  writeFileSync(join(devices, "gpiochip0"), "");
  const file = join(folder, "config.toml");
  writeFileSync(file, `[state]\ndirectory = "state"\n[fan]\nline = "GPIO17"\n${fanToml}\n`);
  const said: string[] = [];
  const output = { say: (text: string) => said.push(text), complain: (text: string) => said.push(text) };
  const run = (action: FanOptions["action"], options: Partial<FanOptions> = {}) => {
    const none = { line: undefined, activeLow: false, driver: undefined, json: false };
    const signal = AbortSignal.timeout(20_000);
    const all = { action, file, usualFile: file, ...none, signal, ...options };
    const world = { environment: {}, places: { sysfs: SYSFS, devices }, tools: { path: gpiod.path } };
    return fan(all, { output, ...world });
  };
  const chardev = () =>
    createChardev(systemClock, createGpiod({ path: gpiod.path }), async () => false, SYSFS);
  return { pi, gpiod, run, said, chardev };
}

const unheard = () => assert.fail("nothing is lost");

describe("a fan on a machine with both of the kernel's interfaces", () => {
  it("is made safe by the one that the feedback's resistor needs, and not kept from the next agent", async (t) => {
    const { pi, gpiod, run, said, chardev } = await setUp(t, 'feedbackLine = "GPIO27"\nfeedbackPull = "up"');
    assert.equal(await run("safe"), 0, said.join());
    assert.match(said.join(), /^the fan was switched off: GPIO17 .*cannot set fan\.feedbackPull/);
    assert.equal(gpiod.holder(FAN), undefined);
    for (const line of [FAN, CONTACT]) assert.equal((await pi.line(SOC, line)).owner, undefined);
    const output = await chardev().openOutput({ ...LINE, initial: false }, unheard);
    await output.close();
  });

  for (const [action, found] of [
    ["on", true],
    ["off", false],
  ] as const) {
    it(`goes on as a trial has left it when the character device takes it (${action})`, async (t) => {
      const { pi, gpiod, run, said, chardev } = await setUp(t);
      assert.equal(await run(action), 0, said.join());
      const before = await pi.line(SOC, FAN);
      assert.deepEqual([before.owner, before.level], ["sysfs", found ? 1 : 0]);
      const output = await chardev().openOutput({ ...LINE, initial: !found }, unheard);
      defer(t, () => output.close());
      assert.equal(output.found, found);
      assert.equal(gpiod.level(FAN), found ? 1 : 0);
      assert.equal(existsSync(`${SYSFS}/gpio529`), false);
    });
  }

  it("goes on by the wiring it has now, whatever the exported line's own setting is", async (t) => {
    const { gpiod, run, said, chardev } = await setUp(t);
    assert.equal(await run("on", { line: { gpio: FAN }, activeLow: true }), 0, said.join());
    const output = await chardev().openOutput({ ...LINE, activeLow: true, initial: false }, unheard);
    defer(t, () => output.close());
    assert.deepEqual([output.found, gpiod.level(FAN)], [true, 0]);
  });

  it("has the feedback of a killed agent too, and begins an input as it is told", async (t) => {
    const { pi, gpiod, chardev } = await setUp(t);
    await pi.drive(SOC, CONTACT, 1);
    for (const line of [FAN, CONTACT]) writeFileSync(`${SYSFS}/export`, `${512 + line}`);
    writeFileSync(`${SYSFS}/gpio539/edge`, "both");
    const input = await chardev().openInput(
      { ...LINE, line: { gpio: CONTACT }, key: "fan.feedbackLine", pull: "up" },
      () => undefined,
      unheard,
    );
    defer(t, () => input.close());
    assert.equal(await input.read(), true);
    const output = await chardev().openOutput({ ...LINE, initial: true }, unheard);
    defer(t, () => output.close());
    assert.deepEqual([output.found, gpiod.level(FAN)], [true, 1]);
    for (const line of [FAN, CONTACT]) assert.equal((await pi.line(SOC, line)).owner, undefined);
  });
});
