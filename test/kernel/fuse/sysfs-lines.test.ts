import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { createSysfs } from "#agent/fan/sysfs.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../../support/cleanup.ts";
import { isFailure } from "../../support/hardware/fan-contract.ts";
import { until } from "../../support/until.ts";
import { SOC } from "./pi/gpio-chip.ts";
import { startPi } from "./pi/pi.ts";

const [FAN, CONTACT] = [17, 27];
const INPUT = { line: { gpio: CONTACT }, key: "fan.feedbackLine", activeLow: false, pull: "as-is" } as const;
const OUTPUT = { line: { gpio: FAN }, key: "fan.line", activeLow: false, initial: false } as const;
const SYSFS = "/sys/class/gpio";
const CHIP = { label: SOC, base: 512, ngpio: 58 };

/** How many files of lines this process has open. */
function openValues(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return /\/gpio\d+\/value/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

const unheard = () => assert.fail("nothing is lost");

async function openFan(t: TestContext, driver: ReturnType<typeof createSysfs>, lost: string[] = []) {
  const output = await driver.openOutput(OUTPUT, ({ message }) => lost.push(message));
  defer(t, () => output.close());
  return output;
}

describe("a line of /sys/class/gpio that cannot be kept, or watched", () => {
  it("is told of an input, which leaves nothing open, and can be had again", async (t) => {
    const pi = await startPi(t);
    const driver = createSysfs(systemClock);
    for (let round = 1; round <= 3; round += 1) {
      const lost: string[] = [];
      const edges: boolean[] = [];
      const input = await driver.openInput(
        INPUT,
        (level) => edges.push(level),
        ({ message }) => lost.push(message),
      );
      assert.equal(openValues(), 1);
      await pi.snatch(SOC, CONTACT);
      await until("it is told", () => lost.length > 0);
      assert.match(lost.join(), /GPIO27 .*; it was taken away: ENODEV/);
      assert.equal(openValues(), 0);
      assert.deepEqual(edges, [], "its end is no edge");
      // Whoever has it now keeps it.
      writeFileSync(`${SYSFS}/export`, "539");
      await input.close();
      assert.equal((await pi.line(SOC, CONTACT)).owner, "sysfs");
    }
  });

  it("is found out by a read of an input, too, and left to whoever has it then", async (t) => {
    const pi = await startPi(t);
    const input = await createSysfs(systemClock).openInput(INPUT, unheard, unheard);
    writeFileSync(`${SYSFS}/unexport`, "539");
    writeFileSync(`${SYSFS}/export`, "539");
    await assert.rejects(input.read(), /it was taken away: ENODEV/);
    await input.close();
    assert.equal((await pi.line(SOC, CONTACT)).owner, "sysfs");
    assert.equal(openValues(), 0);
  });

  it("leaves nothing open if its chip does not answer, is left as it was, and named", async (t) => {
    const pi = await startPi(t);
    const driver = createSysfs(systemClock);
    for (const line of [FAN, CONTACT]) await pi.failReads(SOC, line, "EIO");
    for (let round = 1; round <= 3; round += 1) {
      for (const initial of [true, false]) {
        await assert.rejects(
          driver.openOutput({ ...OUTPUT, initial }, unheard),
          isFailure(/^GPIO17 is line 17 \(number 529\) .*: EIO/),
        );
      }
      await assert.rejects(driver.openInput(INPUT, unheard, unheard), /EIO/);
    }
    assert.equal(openValues(), 0);
    const { owner, history } = await pi.line(SOC, FAN);
    assert.deepEqual([owner, history], [undefined, []], "it was not switched");
    assert.equal((await pi.line(SOC, CONTACT)).owner, undefined);
    for (const line of [FAN, CONTACT]) await pi.failReads(SOC, line, undefined);
    await openFan(t, driver);
    const input = await driver.openInput(INPUT, unheard, unheard);
    await pi.failReads(SOC, CONTACT, "EIO");
    await assert.rejects(input.read(), /EIO/);
    assert.equal((await pi.line(SOC, CONTACT)).owner, undefined);
    await input.close();
  });

  it("is unexported when an input is let go, unless somebody had exported it before", async (t) => {
    const pi = await startPi(t);
    for (const owner of [undefined, "sysfs"]) {
      if (owner) writeFileSync(`${SYSFS}/export`, "539");
      const input = await createSysfs(systemClock).openInput(INPUT, unheard, unheard);
      await input.close();
      assert.equal((await pi.line(SOC, CONTACT)).owner, owner);
      assert.equal(openValues(), 0);
    }
  });

  it("is refused as an input if its chip has no interrupts, and the group is not blamed", async (t) => {
    const pi = await startPi(t, {
      gpioChips: [{ label: "expander", base: 512, ngpio: 8, interrupts: false }],
    });
    const line = { chip: "expander", offset: 1 };
    await assert.rejects(
      createSysfs(systemClock).openInput({ ...INPUT, line }, unheard, unheard),
      isFailure(/^expander:1 is line 1 \(number 513\) .*; it gives no events$/, /that has interrupts/),
    );
    assert.equal((await pi.line("expander", 1)).owner, undefined, "it is not left exported");
  });

  it("is left to whoever has exported it anew, and taken over from him as it is", async (t) => {
    const pi = await startPi(t);
    const driver = createSysfs(systemClock);
    const lost: string[] = [];
    await openFan(t, driver, lost);
    writeFileSync(`${SYSFS}/unexport`, "529");
    await until("it is told", () => lost.length > 0);
    writeFileSync(`${SYSFS}/export`, "529");
    writeFileSync(`${SYSFS}/gpio529/direction`, "high");
    const before = (await pi.line(SOC, FAN)).history.length;
    const { found } = await openFan(t, driver);
    assert.equal(found, true);
    assert.equal((await pi.line(SOC, FAN)).history.length, before, "nothing has moved");
    assert.equal(openValues(), 1);
  });

  it("is had as an output after whoever watched it as an input was killed, and not while he does", async (t) => {
    const pi = await startPi(t);
    const driver = createSysfs(systemClock);
    const line = { gpio: CONTACT };
    await pi.drive(SOC, CONTACT, 1);
    writeFileSync(`${SYSFS}/export`, "539");
    writeFileSync(`${SYSFS}/gpio539/edge`, "both");
    const value = openSync(`${SYSFS}/gpio539/value`, "r");
    const refused = isFailure(/^GPIO27 .*; process \d+ \(.+\) has it$/, /^stop process \d+/);
    await assert.rejects(driver.openOutput({ ...OUTPUT, line }, unheard), refused);
    closeSync(value);
    const output = await driver.openOutput({ ...OUTPUT, line }, unheard);
    defer(t, () => output.close());
    assert.equal(output.found, false, "a pull-up is no running fan");
    const { direction, level } = await pi.line(SOC, CONTACT);
    assert.deepEqual([direction, level], ["out", 0]);
  });

  for (const direction of ["in", "out"]) {
    it(`is found running, and goes on, though its first look says low (${direction})`, async (t) => {
      const pi = await startPi(t, { gpioChips: [{ ...CHIP, callsHighInput: direction === "in" }] });
      writeFileSync(`${SYSFS}/export`, "529");
      writeFileSync(`${SYSFS}/gpio529/direction`, "high");
      let looks = 0;
      // As if an I2C transfer were under way until then.
      const sleep = async (milliseconds: number, signal?: AbortSignal) => {
        if (milliseconds === 500) looks += 1;
        if (milliseconds === 500) await pi.short(SOC, FAN, undefined);
        else await systemClock.sleep(milliseconds, signal);
      };
      await pi.short(SOC, FAN, 0);
      const { found } = await openFan(t, createSysfs({ ...systemClock, sleep }));
      const { level } = await pi.line(SOC, FAN);
      assert.deepEqual([found, level, looks], [true, 1, 1]);
    });
  }
});
