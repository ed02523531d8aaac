import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig } from "#agent/config.js";
import { isAgentError } from "#agent/errors.js";
import { temporaryDirectory } from "../support/pki.js";

const REQUIRED = {
  CAVE_DEVICE_CERTIFICATE_FILE: "/leaf.pem",
  CAVE_DEVICE_KEY_FILE: "/leaf.key.pem",
  CAVE_PROVISIONING_ID_SCOPE: "0ne00000000",
};

async function load(t: TestContext, fan: string, environment: Record<string, string> = {}) {
  const file = join(await temporaryDirectory(t), "config.toml");
  writeFileSync(file, `[fan]\n${fan}\n`);
  return loadConfig(file, { ...REQUIRED, ...environment }).fan;
}

const refuses = async (t: TestContext, fan: string, expected: RegExp, environment = {}) =>
  assert.rejects(
    () => load(t, fan, environment),
    (error) => {
      assert.ok(isAgentError(error), String(error));
      assert.equal(error.code, "CONFIG_INVALID");
      assert.match(error.message, expected);
      return true;
    },
  );

test("without a word about it there is no line, and nothing that looks like one", async (t) => {
  const fan = await load(t, "");
  assert.equal(fan.driver, "auto");
  assert.equal(fan.line, undefined);
  assert.equal(fan.feedbackLine, undefined);
  assert.equal(fan.activeLow, false);
  assert.equal(fan.feedbackWithin, 5000);
});

test("a line by name, by table, and from the environment, which wins", async (t) => {
  assert.deepEqual((await load(t, 'line = "GPIO17"')).line, { gpio: 17 });
  const table =
    'line = {chip = "pinctrl-rp1", offset = 17}\nfeedbackLine = {chip = "INT34C5:00", offset = 3}';
  assert.deepEqual((await load(t, table)).line, { chip: "pinctrl-rp1", offset: 17 });
  assert.deepEqual((await load(t, table)).feedbackLine, { chip: "INT34C5:00", offset: 3 });
  const environment = { CAVE_FAN_LINE: "INT34C5:00:7", CAVE_FAN_ACTIVE_LOW: "true" };
  const { line, activeLow } = await load(t, table, environment);
  assert.deepEqual([line, activeLow], [{ chip: "INT34C5:00", offset: 7 }, true]);
});

test("what is no line is refused with what it was and what is allowed", async (t) => {
  const allowed = String.raw`must be "GPIO17" \(a Raspberry Pi's line, 0 to 45\) or \{chip = "label", offset = 17\}`;
  for (const [toml, shown] of [
    ["line = 17", ": value was 17"],
    ['line = "17"', ': value was "17"'],
    ['line = "GPIO99"', ': value was "GPIO99"'],
    ['line = {chip = "x"}', "; offset is missing: value was \"{'chip':'x'}\""],
    ["line = {offset = 3}", "; chip is missing: value was \"{'offset':3}\""],
    ["line = [17]", ": value was \\[17\\]"],
  ] as const) {
    await refuses(t, toml, new RegExp(`fan\\.line: ${allowed}${shown}`));
  }
  await refuses(t, "", /fan\.line: .*"gpio17" \(from the environment: CAVE_FAN_LINE\)/, {
    CAVE_FAN_LINE: "gpio17",
  });
});

test("a flag is true or false, also from the environment", async (t) => {
  await refuses(t, 'activeLow = "yes"', /fan\.activeLow: must be true or false: value was "yes"/);
  await refuses(t, "", /fan\.activeLow: must be true or false: value was "1"/, { CAVE_FAN_ACTIVE_LOW: "1" });
});

test("what no single key shows to be wrong is refused too", async (t) => {
  for (const [toml, expected] of [
    ['driver = "sysfs"', /^fan\.driver: must not be "sysfs" without a line: set fan\.line$/m],
    ['driver = "chardev"', /^fan\.driver: must not be "chardev" without a line/m],
    [
      'driver = "none"\nline = "GPIO17"',
      /^fan\.driver: must not be "none" with a line: leave it out, or empty fan\.line$/m,
    ],
    ['feedbackLine = "GPIO27"', /^fan\.feedbackLine: there is no fan to watch: set fan\.line too$/m],
    [
      'line = "GPIO17"\nfeedbackLine = "GPIO17"',
      /^fan\.feedbackLine: must be another line than fan\.line: value was "GPIO17"$/m,
    ],
    [
      'driver = "sysfs"\nline = "GPIO17"\nfeedbackLine = "GPIO27"\nfeedbackPull = "up"',
      /^fan\.feedbackPull: must be "as-is": \/sys\/class\/gpio cannot set a resistor$/m,
    ],
  ] as const) {
    await refuses(t, toml, expected);
  }
  await load(t, 'line = "GPIO17"\nfeedbackLine = "GPIO27"\nfeedbackPull = "up"');
});

test("the lines of the sensor's bus are refused, by any name of the Pi's own, and only while the sensor uses them", async (t) => {
  for (const [toml, shown] of [
    ['line = "GPIO2"', /^fan\.line: must not be SDA of I2C bus 1, .* value was "GPIO2"; .*such as "GPIO17"/],
    ['line = "GPIO3"', /^fan\.line: must not be SCL of I2C bus 1/],
    ['line = "GPIO17"\nfeedbackLine = "GPIO3"', /^fan\.feedbackLine: must not be SCL .* value was "GPIO3"/],
    ['line = {chip = "pinctrl-rp1", offset = 2}', /^fan\.line: .*"pinctrl-rp1:2"/],
    ['line = "GPIO2"\n[sensor]\nsource = "auto"', /^fan\.line/],
    ['line = "GPIO1"\n[sensor]\nbus = "/dev/i2c-0"', /^fan\.line: must not be SCL of I2C bus 0/],
  ] as const) {
    await refuses(t, toml, shown);
  }
  for (const fine of [
    'line = "GPIO0"',
    'line = "GPIO2"\n[sensor]\nbus = 3',
    'line = "GPIO2"\n[sensor]\nbus = 0',
    'line = "GPIO2"\n[sensor]\nsource = "simulated"',
    'driver = "simulated"\nline = "GPIO2"',
    'line = {chip = "INT34C5:00", offset = 2}',
  ]) {
    await load(t, fine);
  }
});

test("one line cannot be switch and feedback, whatever its two names are", async (t) => {
  for (const feedback of ['"GPIO17"', '{chip = "pinctrl-bcm2711", offset = 17}']) {
    const expected =
      /^fan\.feedbackLine: must be another line than fan\.line: value was "(GPIO|pinctrl-bcm2711:)17"/;
    await refuses(t, `line = "GPIO17"\nfeedbackLine = ${feedback}`, expected);
  }
  await load(t, 'line = "GPIO17"\nfeedbackLine = {chip = "INT34C5:00", offset = 17}');
});
