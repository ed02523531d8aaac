import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isAgentError } from "#agent/errors.js";
import type { FanConfig } from "#agent/fan/config.js";
import type { GpioDriver } from "#agent/fan/driver.js";
import type { Fan } from "#agent/fan/fan.js";
import { createGpioFan } from "#agent/fan/gpio-fan.js";
import { systemClock } from "#agent/lib/clock.js";
import { defer } from "../cleanup.js";
import { until } from "../until.js";
import { PLAIN_FAN } from "./plain-fan.ts";

/** One GPIO interface of a kernel, with hardware behind it that a test can see and move. */
export interface FanRig {
  name: "sysfs" | "chardev";
  /** A driver as a process of its own would have it. */
  driver(): GpioDriver;
  /** `chip:offset` or `GPIO17`, parsed: the fan's line, and an input for its feedback if the chip has interrupts. */
  line: FanConfig["line"] & object;
  feedbackLine?: FanConfig["line"] & object;
  /** The level of the fan's pin, as the hardware sees it. */
  level(): Promise<0 | 1>;
  /** Drives the feedback's pin from outside. */
  drive(level: 0 | 1): Promise<void>;
  /** Takes the line away from whoever has it: an unexport, the death of its gpioset. */
  lose(): Promise<void>;
  /** Takes the feedback's line away, so that the kernel tells of it; left out where it does not. */
  loseFeedback?(): Promise<void>;
  /** Takes it away and makes it an input, as it is when the machine has started. */
  float(): Promise<void>;
  /** Whether a pin that was let go keeps its level: always with sysfs; with chardev the chip's driver decides. */
  keepsLevel: boolean;
  /** `fan.feedbackWithin`, milliseconds: longer than the machine takes to tell of an edge, and to run the drivers' tools. */
  within: number;
}

/**
 * What every driver of the fan promises, on a real kernel. The same for all of them: where they differ, the rig says how.
 */
export function describeFanDriver(rig: FanRig): void {
  const faults: string[] = [];

  function create(t: TestContext, changes: Partial<FanConfig> = {}): Fan {
    faults.length = 0;
    const config: FanConfig = {
      ...PLAIN_FAN,
      driver: rig.name,
      line: rig.line,
      feedbackWithin: rig.within,
      ...changes,
    };
    const driver = rig.driver();
    const fan = createGpioFan({
      config: { ...config, line: config.line ?? rig.line },
      choose: async () => ({ name: rig.name, why: "the test says so", driver }),
      clock: systemClock,
      onTaken: () => undefined,
      onFault: (error) => faults.push(error.message),
      onRecovered: () => faults.push("recovered"),
    });
    defer(t, () => fan.release().catch(() => undefined));
    return fan;
  }

  const becomes = (fan: Fan, state: string) =>
    until(`the fan is ${state}`, () => fan.state() === state, {
      seconds: (2 * rig.within) / 1000 + 20,
      onTimeout: () => JSON.stringify(faults),
    });

  describe(`the fan through ${rig.name}`, () => {
    it("is taken over in its safe state, where nobody drives the line", async (t) => {
      for (const [safeState, level] of [
        ["off", 0],
        ["on", 1],
      ] as const) {
        await rig.float();
        const fan = create(t, { safeState });
        assert.equal(fan.state(), "failed", "nothing is known before it is opened");
        await fan.open();
        assert.equal(fan.state(), safeState);
        assert.equal(await rig.level(), level);
        await fan.release();
      }
    });

    it("follows its commands", async (t) => {
      const fan = create(t);
      await fan.open();
      for (const on of [true, false, true, true, false]) {
        await fan.set(on);
        assert.equal(await rig.level(), on ? 1 : 0);
        assert.equal(fan.state(), on ? "on" : "off");
        await fan.confirmed(AbortSignal.timeout(1000));
      }
    });

    it("is on at a low level if it is so wired", async (t) => {
      await rig.float();
      const fan = create(t, { activeLow: true });
      await fan.open();
      assert.equal(fan.state(), "off");
      assert.equal(await rig.level(), 1);
      await fan.set(true);
      assert.equal(await rig.level(), 0);
    });

    it("is left in its safe state, and takes no commands then", async (t) => {
      const fan = create(t);
      await fan.open();
      await fan.set(true);
      await fan.release();
      assert.equal(fan.state(), "off");
      assert.equal(await rig.level(), 0);
      await assert.rejects(fan.set(true), /was released/);
      assert.equal(await rig.level(), 0);
    });

    it("goes on as it was under the next agent, if the pin keeps its level", async (t) => {
      const former = create(t, { safeState: "hold" });
      await former.open();
      await former.set(true);
      await former.release();
      const next = create(t, { safeState: "hold" });
      await next.open();
      assert.equal(next.state(), rig.keepsLevel ? "on" : "off");
      assert.equal(await rig.level(), rig.keepsLevel ? 1 : 0);
      await next.set(false);
    });

    it("has failed while its chip is not there, and says what is", async (t) => {
      const fan = create(t, { line: { chip: "no-such-chip", offset: 1 } });
      await assert.rejects(
        fan.open(),
        isFailure(/fan\.line: no-such-chip:1 .* there is none; found: .*gpiochip/),
      );
      assert.equal(fan.state(), "failed");
      await assert.rejects(fan.set(true), isFailure(/no-such-chip/));
      assert.match(fan.describe().fault?.message ?? "", /no-such-chip/);
    });

    it("comes back with the next command after its line was lost", async (t) => {
      const fan = create(t);
      await fan.open();
      await fan.set(true);
      await rig.lose();
      await becomes(fan, "failed");
      assert.equal(faults.length, 1, JSON.stringify(faults));
      await fan.set(true);
      assert.equal(fan.state(), "on");
      assert.equal(await rig.level(), 1);
    });

    const { feedbackLine } = rig;
    const withoutEdges = feedbackLine ? false : "this chip has no interrupts";
    const watched: Partial<FanConfig> = feedbackLine ? { feedbackLine } : {};

    it("is confirmed by its contact", { skip: withoutEdges }, async (t) => {
      await rig.drive(0);
      const fan = create(t, watched);
      await fan.open();
      await fan.set(true);
      const confirmed = fan.confirmed(AbortSignal.timeout(20_000));
      await rig.drive(1);
      await confirmed;
      await fan.set(false);
      await rig.drive(0);
      await fan.confirmed(AbortSignal.timeout(20_000));
      assert.deepEqual(faults, []);
    });

    it("has failed if it was switched on and does not run, until it does", {
      skip: withoutEdges,
    }, async (t) => {
      await rig.drive(0);
      const fan = create(t, watched);
      await fan.open();
      await fan.set(true);
      await assert.rejects(
        fan.confirmed(AbortSignal.timeout(20_000)),
        isFailure(/switched on, .* shown nothing/),
      );
      await becomes(fan, "failed");
      assert.equal(await rig.level(), 1, "it is not switched off for that");
      await rig.drive(1);
      await becomes(fan, "on");
      assert.match(faults.join(), /switched on.*recovered/);
    });

    it("has failed if it was switched off and runs on", { skip: withoutEdges }, async (t) => {
      await rig.drive(1);
      const fan = create(t, { ...watched, feedbackActiveLow: true });
      await fan.open();
      await rig.drive(0);
      await fan.set(true);
      await fan.confirmed(AbortSignal.timeout(20_000));
      await fan.set(false);
      await assert.rejects(
        fan.confirmed(AbortSignal.timeout(20_000)),
        isFailure(/switched off, .* that it runs/),
      );
      await becomes(fan, "failed");
      await rig.drive(1);
      await becomes(fan, "off");
    });

    const untold =
      withoutEdges || (rig.loseFeedback ? false : "this rig does not tell of a line that is lost");

    it("has failed when its feedback is taken away, and has it back with the next command", {
      skip: untold,
    }, async (t) => {
      await rig.drive(1);
      const fan = create(t, watched);
      await fan.open();
      await fan.set(true);
      await fan.confirmed(AbortSignal.timeout(20_000));
      await rig.loseFeedback?.();
      await becomes(fan, "failed");
      assert.equal(faults.length, 1, JSON.stringify(faults));
      assert.equal(await rig.level(), 1, "it is not switched off for that");
      await fan.set(true);
      await fan.confirmed(AbortSignal.timeout(20_000));
      assert.equal(fan.state(), "on");
    });

    it("runs while its tachometer turns, and rests when it does not", { skip: withoutEdges }, async (t) => {
      await rig.drive(0);
      const fan = create(t, { ...watched, feedbackKind: "tachometer" });
      await fan.open();
      await fan.set(true);
      const turning = new AbortController();
      const turns = turn(rig, turning.signal);
      await fan.confirmed(AbortSignal.timeout(20_000));
      turning.abort();
      await turns;
      await becomes(fan, "failed");
      await fan.set(false);
      await becomes(fan, "off");
    });
  });
}

async function turn(rig: FanRig, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await rig.drive(1);
    await delay(50);
    await rig.drive(0);
    await delay(50);
  }
}

/** For `assert.rejects`: a failure of the fan that says so, and what to do. */
export function isFailure(message: RegExp, remedy = /\S/): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isAgentError(error), String(error));
    assert.equal(error.code, "FAN_FAILED");
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
    return true;
  };
}
