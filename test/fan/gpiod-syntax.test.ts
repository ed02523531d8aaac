import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, parseVersion, syntaxOf } from "#agent/fan/gpiod-syntax.js";

const LINE = { chip: "gpiochip0", offset: 17, activeLow: false };
const LOW = { ...LINE, activeLow: true };

test("the version, as both say it; no version of another program", () => {
  assert.equal(
    parseVersion(
      "gpioset (libgpiod) v1.6.3\nCopyright (C) 2017-2018 Bartosz Golaszewski\nLicense: LGPLv2.1\n",
    ),
    1,
  );
  assert.equal(parseVersion("gpioset (libgpiod) v2.2.1\nCopyright (C) 2017-2024 Bartosz Golaszewski\n"), 2);
  assert.equal(parseVersion("gpioset (libgpiod) v10.0\n"), 10);
  assert.equal(parseVersion("BusyBox v1.36.1"), undefined);
  assert.equal(parseVersion(""), undefined);
});

test("libgpiod 1: the chip comes before the line, and a mode keeps gpioset", () => {
  const { set, get, monitor, info, risen, consumer, readsOutputs } = syntaxOf(1);
  assert.deepEqual(set(LINE, true), ["--mode=signal", "gpiochip0", "17=1"]);
  assert.deepEqual(set(LOW, false), ["--mode=signal", "--active-low", "gpiochip0", "17=0"]);
  assert.deepEqual(get(LINE, { pull: "as-is" }), ["gpiochip0", "17"]);
  assert.deepEqual(get(LOW, { pull: "disabled" }), ["--bias=disable", "--active-low", "gpiochip0", "17"]);
  assert.deepEqual(monitor(LINE, "up"), [
    "--line-buffered",
    "--format=%e",
    "--bias=pull-up",
    "gpiochip0",
    "17",
  ]);
  assert.deepEqual(info(LINE), ["gpiochip0"]);
  assert.deepEqual(["1", "0", "rising"].map(risen), [true, false, undefined]);
  assert.equal(consumer("gpioset"), "gpioset");
  assert.equal(readsOutputs, false);
});

test("libgpiod 2, and what may follow: the chip is an option, and whoever has the line has a name", () => {
  for (const version of [2, 3]) {
    const CONSUMER = `cave-agent-${process.pid}`;
    const { set, get, monitor, info, risen, consumer, readsOutputs } = syntaxOf(version);
    const common = [`--consumer=${CONSUMER}`, "--chip=gpiochip0"];
    const low = [`--consumer=${CONSUMER}`, "--active-low", "--chip=gpiochip0"];
    assert.deepEqual(set(LINE, true), [...common, "17=1"]);
    assert.deepEqual(set(LOW, false), [...low, "17=0"]);
    assert.deepEqual(get(LINE, "as-is"), ["--numeric", "--as-is", ...common, "17"]);
    assert.deepEqual(get(LOW, { pull: "disabled" }), ["--numeric", "--bias=disabled", ...low, "17"]);
    assert.deepEqual(monitor(LINE, "down"), ["--format=%E", "--bias=pull-down", ...common, "17"]);
    assert.deepEqual(info(LINE), ["--chip=gpiochip0", "17"]);
    assert.deepEqual(["rising", "falling", "1"].map(risen), [true, false, undefined]);
    assert.equal(consumer("gpioset"), CONSUMER);
    assert.equal(nameOf(CONSUMER), "cave-agent");
    assert.equal(readsOutputs, true);
  }
});
