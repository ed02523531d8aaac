import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDetect, parseInfo } from "#agent/fan/gpiod-output.js";

// What libgpiod 1.6.3 wrote on Linux 6.12.107, and libgpiod 2.2.1 on Linux 7.3.4.

const INFO_1 = [
  "gpiochip0 - 4 lines:",
  "\tline   0:      unnamed       unused   input  active-high ",
  '\tline   1:      unnamed    "gpioset"  output  active-high [used]',
  '\tline   2:      unnamed      "sysfs"  output   active-low [used]',
  "\tline   3:      unnamed       unused  output  active-high ",
  "",
].join("\n");

const INFO_2 = [
  'gpiochip0 17\t"GPIO17"        \toutput consumer="cave-agent"',
  'gpiochip0 18\t"GPIO18"        \toutput active-low consumer="gpioset"',
  'gpiochip0 27\t"GPIO27"        \tinput',
  "gpiochip0 30\tunnamed         \tinput consumer=SD",
  "gpiochip0 31\tunnamed         \toutput",
].join("\n");

test("the chips of gpiodetect, each once, labels with anything in them", () => {
  assert.deepEqual(
    parseDetect(
      "gpiochip0 [pinctrl-bcm2711] (58 lines)\ngpiochip4 [INT34C5:00 [x]] (1 line)\ngpiochip0 [pinctrl-bcm2711] (58 lines)\n",
    ),
    [
      { name: "gpiochip0", label: "pinctrl-bcm2711", lines: 58 },
      { name: "gpiochip4", label: "INT34C5:00 [x]", lines: 1 },
    ],
  );
  assert.deepEqual(parseDetect(""), []);
});

test("a line of libgpiod 1", () => {
  assert.deepEqual(parseInfo(INFO_1, 0), { direction: "input", consumer: undefined });
  assert.deepEqual(parseInfo(INFO_1, 1), { direction: "output", consumer: "gpioset" });
  assert.deepEqual(parseInfo(INFO_1, 2), { direction: "output", consumer: "sysfs" });
  assert.deepEqual(parseInfo(INFO_1, 3), { direction: "output", consumer: undefined });
  assert.equal(parseInfo(INFO_1, 4), undefined);
});

test("a line of libgpiod 1 whose holder gives no name, and one of a pin with a name of two words", () => {
  const line = '\tline  17:     "SPI CE1"       unused  output  active-high [used]\n';
  assert.deepEqual(parseInfo(line, 17), { direction: "output", consumer: "unnamed" });
});

test("a line of libgpiod 2", () => {
  assert.deepEqual(parseInfo(INFO_2, 17), { direction: "output", consumer: "cave-agent" });
  assert.deepEqual(parseInfo(INFO_2, 18), { direction: "output", consumer: "gpioset" });
  assert.deepEqual(parseInfo(INFO_2, 27), { direction: "input", consumer: undefined });
  assert.deepEqual(parseInfo(INFO_2, 30), { direction: "input", consumer: "SD" });
  assert.deepEqual(parseInfo(INFO_2, 31), { direction: "output", consumer: undefined });
  assert.equal(parseInfo(INFO_2, 7), undefined);
});
