import assert from "node:assert/strict";
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { LINUX } from "#agent/health/doctor/check.js";
import { gpioCheck } from "#agent/health/doctor/gpio.js";
import { defer } from "../../support/cleanup.js";
import { createFakeGpiod } from "../../support/hardware/fake-gpiod.js";
import { temporaryDirectory } from "../../support/pki.js";
import { healthDocument } from "../support.js";
import { findingOf, type GroundOptions } from "./support.js";

async function setUp(t: TestContext, toml: string) {
  const folder = await temporaryDirectory(t);
  const gpiod = await createFakeGpiod(t);
  const config = join(folder, "config.toml");
  writeFileSync(
    config,
    `[device]\ncertificateFile = "x"\nkeyFile = "x"\n[provisioning]\nidScope = "0ne00000000"\n[fan]\n${toml}\n`,
  );
  const machine = {
    ...LINUX,
    devices: join(folder, "dev"),
    sysfsGpio: join(folder, "gpio"),
    toolPath: gpiod.path,
  };
  mkdirSync(machine.devices);
  const look = (options: GroundOptions = {}) => findingOf(gpioCheck, config, { machine, ...options });
  return { machine, gpiod, look };
}

const addChardev = ({ devices }: { devices: string }) => writeFileSync(join(devices, "gpiochip0"), "");

function addSysfs({ sysfsGpio }: { sysfsGpio: string }, { base = 512 } = {}): void {
  const chip = join(sysfsGpio, `gpiochip${base}`);
  mkdirSync(chip, { recursive: true });
  writeFileSync(join(sysfsGpio, "export"), "");
  for (const [file, text] of Object.entries({ base, label: "pinctrl-bcm2711", ngpio: 58 })) {
    writeFileSync(join(chip, file), `${text}\n`);
  }
}

/** One that is exported, as an output. */
function addLine({ sysfsGpio }: { sysfsGpio: string }, number: number): string {
  const line = join(sysfsGpio, `gpio${number}`);
  mkdirSync(line);
  for (const [file, text] of Object.entries({ active_low: 0, direction: "out", edge: "none", value: 1 })) {
    writeFileSync(join(line, file), `${text}\n`);
  }
  return line;
}

test("no fan, or a simulated one: nothing to look at", async (t) => {
  const { look } = await setUp(t, "");
  assert.deepEqual(await look(), { result: "skipped", detail: "this cave has no fan: fan.line is empty" });
  const simulated = await setUp(t, 'driver = "simulated"');
  assert.deepEqual(await simulated.look(), {
    result: "skipped",
    detail: 'the fan is simulated: fan.driver is "simulated"',
  });
});

test("a machine without GPIO fails, with both reasons", async (t) => {
  const { look, machine } = await setUp(t, 'line = "GPIO17"');
  assert.deepEqual(await look(), {
    result: "failed",
    detail: `there is no ${machine.sysfsGpio}, and there is no ${machine.devices}/gpiochip*`,
    remedy: "run the agent on a machine with GPIO, with a kernel that has its driver",
    code: "FAN_FAILED",
  });
});

test("the line by the character device, free and then held by the agent", async (t) => {
  const { look, machine, gpiod } = await setUp(t, 'line = "GPIO17"\nfeedbackLine = "GPIO27"');
  addChardev(machine);
  const free = await look();
  assert.equal(free.result, "ok");
  assert.equal(
    free.detail,
    `chardev: GPIO17 is line 17 of gpiochip0 [pinctrl-bcm2711] with 58 lines, free, input; GPIO27 is line 27 of gpiochip0 [pinctrl-bcm2711] with 58 lines, free, input; there is no ${machine.sysfsGpio}`,
  );
  gpiod.occupy(17, "cave-agent-77");
  assert.match((await look()).detail, /held by cave-agent/);
});

test("a fan that has failed under a running agent: its word, with its remedy", async (t) => {
  const { look, machine } = await setUp(t, 'line = "GPIO17"');
  addChardev(machine);
  const fan = {
    ...healthDocument().fan,
    state: "failed",
    fault: "it stands still",
    code: "FAN_FAILED",
  } as const;
  const running = healthDocument({ fan: { ...fan, remedy: "check relay and motor" } });
  assert.deepEqual(await look({ running }), {
    result: "failed",
    detail: "the running agent switches the fan: it stands still",
    remedy: "check relay and motor",
    code: "FAN_FAILED",
  });
});

test("a line that somebody else has, the fan's or the feedback's", async (t) => {
  const { look, machine, gpiod } = await setUp(t, 'line = "GPIO17"\nfeedbackLine = "GPIO27"');
  addChardev(machine);
  gpiod.occupy(27, "button");
  const taken = await look();
  assert.equal(taken.result, "failed");
  assert.match(taken.detail, /^GPIO27 is line 27 .*; button has it$/);
  assert.equal(taken.remedy, "stop button, or use another line");
});

test("a line of the sensor's bus, though another key is wrong too", async (t) => {
  const { look, machine } = await setUp(t, 'line = "GPIO17"\nfeedbackLine = "GPIO2"\nsafeState = "OFF"');
  addChardev(machine);
  const { detail, remedy, ...finding } = await look();
  assert.deepEqual(finding, { result: "failed", code: "CONFIG_INVALID" }, detail);
  assert.match(detail, /^fan\.feedbackLine: must not be SDA of I2C bus 1, .* value was "GPIO2"/);
  assert.match(remedy ?? "", /another line/);
});

for (const held of [17, 27]) {
  test(`GPIO${held} of sysfs, which a program has open: a warning, unless that may be the agent`, async (t) => {
    if (process.platform !== "linux") return t.skip("only Linux has a /proc");
    const { look, machine } = await setUp(t, 'line = "GPIO17"\nfeedbackLine = "GPIO27"');
    // No other test's: who has a line open is seen by its number, wherever it lies.
    const base = 1000 * process.pid;
    addSysfs(machine, { base });
    for (const offset of [17, 27]) addLine(machine, base + offset);
    const alone = await look({ isAlone: true });
    if (/the npm package (onoff|epoll)/.test(alone.detail)) return t.skip("onoff is not built here");
    assert.equal(alone.result, "ok", alone.detail);
    const value = openSync(join(machine.sysfsGpio, `gpio${base + held}/value`), "r");
    defer(t, () => closeSync(value));
    const { result, detail, remedy } = await look({ isAlone: true });
    assert.equal(result, "warning", detail);
    assert.match(detail, new RegExp(`GPIO${held} [^;]* held by process ${process.pid} \\(.+?\\), output`));
    assert.match(remedy ?? "", new RegExp(`^stop process ${process.pid} \\(.+\\), or use another line$`));
    for (const options of [{}, { running: healthDocument() }])
      assert.equal((await look(options)).result, "ok");
  });
}

test("a label that no chip has, with the chips that there are", async (t) => {
  const { look, machine } = await setUp(t, 'line = {chip = "pinctrl-rp1", offset = 17}');
  addChardev(machine);
  const { result, detail, remedy } = await look();
  assert.equal(result, "failed");
  assert.match(
    detail,
    /^fan\.line: pinctrl-rp1:17 .* there is none; found: gpiochip0 \[pinctrl-bcm2711\] with 58 lines, gpiochip1/,
  );
  assert.match(remedy ?? "", /set fan\.line to a line of a chip that was found/);
});

test("the line by sysfs, and who has it by the tools", async (t) => {
  const { look, machine, gpiod } = await setUp(t, 'line = "GPIO17"');
  addSysfs(machine);
  const free = await look();
  if (/the npm package (onoff|epoll)/.test(free.detail)) return t.skip("onoff is not built here");
  assert.equal(free.result, "ok", free.detail);
  assert.match(
    free.detail,
    /^sysfs: GPIO17 is line 17 \(number 529\) of gpiochip512 .*, free; \/sys\/class\/gpio can be used/,
  );
  gpiod.occupy(17, "leds");
  assert.match((await look()).detail, /; leds has it$/);
});

test("a resistor that only the other interface could set is missed before the agent misses it", async (t) => {
  const { look, machine } = await setUp(
    t,
    'line = "GPIO17"\nfeedbackLine = "GPIO27"\nfeedbackPull = "up"\nfeedbackActiveLow = true',
  );
  addSysfs(machine);
  const { result, detail, remedy } = await look();
  if (/the npm package (onoff|epoll)/.test(detail)) return t.skip("onoff is not built here");
  assert.equal(result, "failed", detail);
  assert.match(detail, /^\/sys\/class\/gpio cannot set fan\.feedbackPull, and there is no .*gpiochip/);
  assert.match(remedy ?? "", /fan\.feedbackPull = "as-is"/);
});

test("a user who may not use it is sent to the group", async (t) => {
  if (process.getuid?.() === 0) return t.skip("root may everything");
  const { look, machine } = await setUp(t, 'line = "GPIO17"\ndriver = "chardev"');
  addChardev(machine);
  chmodSync(join(machine.devices, "gpiochip0"), 0);
  const { result, remedy } = await look();
  assert.equal(result, "failed");
  assert.equal(remedy, "make the agent's user a member of the group gpio");
});
