import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { defer } from "../../support/cleanup.ts";
import { until } from "../../support/until.ts";
import { Gpio, type GpioLine } from "./add-ons.ts";
import { SOC } from "./pi/gpio-chip.ts";
import { startPi } from "./pi/pi.ts";

const SYSFS = "/sys/class/gpio";
/** GPIO17 and GPIO27 of a chip whose lines begin with 512. */
const FAN = 529;
const CONTACT = 539;

function open(t: TestContext, ...words: ConstructorParameters<typeof Gpio>): GpioLine {
  const line = new Gpio(...words);
  defer(t, () => line.unexport());
  return line;
}

describe("onoff on /sys/class/gpio", () => {
  it("finds several chips, whose lines are numbered through: a GPIO's own number is none", async (t) => {
    await startPi(t);
    const chips = readdirSync(SYSFS)
      .filter((name) => name.startsWith("gpiochip"))
      .map((name) =>
        ["label", "base", "ngpio"].map((word) => readFileSync(`${SYSFS}/${name}/${word}`, "utf8").trim()),
      );
    assert.deepEqual(chips, [
      [SOC, "512", "58"],
      ["raspberrypi-exp-gpio", "570", "8"],
    ]);
    assert.throws(() => new Gpio(17, "out"), { code: "EINVAL" });
    assert.throws(() => new Gpio(578, "out"), { code: "EINVAL" });
  });

  it("has no lines where the kernel has no GPIO_SYSFS", async (t) => {
    await startPi(t, { gpioSysfs: false });
    assert.throws(() => new Gpio(FAN, "out"), { code: "ENOENT" });
  });

  it("tries again and again until udev has given it the files of a new line", async (t) => {
    const pi = await startPi(t, { udevDelay: 100 });
    const from = performance.now();
    open(t, FAN, "high");
    assert.ok(performance.now() - from >= 99);
    assert.equal((await pi.line(SOC, 17)).level, 1);
  });

  it("sets direction and level at once, and the level from then on", async (t) => {
    const pi = await startPi(t);
    const line = open(t, FAN, "high");
    assert.equal(line.readSync(), 1);
    line.writeSync(0);
    assert.equal(line.readSync(), 0);
    const { history, ...state } = await pi.line(SOC, 17);
    assert.deepEqual(state, { owner: "sysfs", direction: "out", level: 0, edge: "none", interrupts: 0 });
    assert.deepEqual(history, [
      { cause: "direction high", direction: "out", level: 1 },
      { cause: "value 0", direction: "out", level: 0 },
    ]);
  });

  it("makes a running fan stumble with direction out, and not when it leaves the direction alone", async (t) => {
    const pi = await startPi(t);
    open(t, FAN, "high");
    new Gpio(FAN, "out", "none", { reconfigureDirection: false });
    assert.equal((await pi.line(SOC, 17)).level, 1);
    new Gpio(FAN, "out");
    assert.deepEqual((await pi.line(SOC, 17)).history.at(-1), {
      cause: "direction out",
      direction: "out",
      level: 0,
    });
  });

  it("turns the level round where the line is active low", async (t) => {
    const pi = await startPi(t);
    const line = open(t, FAN, "high", "none", { activeLow: true });
    assert.deepEqual([line.readSync(), (await pi.line(SOC, 17)).level], [0, 1]);
    line.writeSync(1);
    assert.deepEqual([line.readSync(), (await pi.line(SOC, 17)).level], [1, 0]);
  });

  it("is refused a line that somebody else has", async (t) => {
    const pi = await startPi(t);
    await pi.take(SOC, 17, "fan-overlay");
    assert.throws(() => new Gpio(FAN, "low"), { code: "EBUSY" });
    await pi.giveBack(SOC, 17, "fan-overlay");
    open(t, FAN, "low");
    assert.throws(() => writeFileSync(`${SYSFS}/export`, `${FAN}`), { code: "EBUSY" });
  });

  for (const [activeLow, seen] of [
    [false, [1, 0, 1, 0]],
    [true, [0, 1, 0, 1]],
  ] as const) {
    it(`sees edges through epoll${activeLow ? ", turned round where the line is active low" : ""}`, async (t) => {
      const pi = await startPi(t);
      const line = open(t, CONTACT, "in", "both", { activeLow });
      const values: number[] = [];
      line.watch((_, value) => values.push(value));
      for (const [index, level] of ([1, 0, 1, 0] as const).entries()) {
        await pi.drive(SOC, 27, level);
        await until("the edge", () => values.length > index);
      }
      assert.deepEqual(values, seen);
    });
  }

  it("is told of no edge that it did not ask for, and of none that came before it read", async (t) => {
    const pi = await startPi(t);
    const line = open(t, CONTACT, "in", "rising");
    const values: number[] = [];
    await pi.drive(SOC, 27, 1);
    line.readSync();
    line.watch((_, value) => values.push(value));
    await pi.drive(SOC, 27, 0);
    await pi.drive(SOC, 27, 1);
    await until("the edge", () => values.length > 0);
    assert.deepEqual(values, [1]);
    assert.equal((await pi.line(SOC, 27)).interrupts, 2);
  });

  it("cannot write an input, nor watch an output, nor use a line that was taken away from it", async (t) => {
    await startPi(t);
    const input = open(t, CONTACT, "in", "both");
    assert.throws(() => input.writeSync(1), { code: "EPERM" });
    assert.throws(() => writeFileSync(`${SYSFS}/gpio${CONTACT}/direction`, "high"), { code: "EIO" });
    const output = new Gpio(FAN, "low");
    assert.throws(() => writeFileSync(`${SYSFS}/gpio${FAN}/edge`, "both"), { code: "EIO" });
    writeFileSync(`${SYSFS}/unexport`, `${FAN}`);
    assert.throws(() => output.writeSync(1), { code: "ENODEV" });
  });

  it("leaves a line as it is when its process is killed, and an input when it lets go of it", async (t) => {
    const pi = await startPi(t);
    const child = fileURLToPath(new URL("./hold-line.child.js", import.meta.url));
    const holder = spawn(process.execPath, [child, `${FAN}`], { stdio: ["ignore", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const { owner, direction, level } = await pi.line(SOC, 17);
    assert.deepEqual([owner, direction, level], ["sysfs", "out", 1]);
    new Gpio(FAN, "out", "none", { reconfigureDirection: false }).unexport();
    const free = await pi.line(SOC, 17);
    assert.deepEqual([free.owner, free.direction, free.level], [undefined, "in", 0]);
  });
});
