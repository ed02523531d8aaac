import assert from "node:assert/strict";
import { test } from "node:test";
import { createCommandedFan } from "#agent/control/commanded-fan.js";
import { isAgentError } from "#agent/errors.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";
import { createFakeClock } from "../support/fake-clock.js";

const hasFailed = (error: unknown) => isAgentError(error) && error.code === "FAN_FAILED";

/** A fan whose commands end when the test lets them. */
function build() {
  const clock = createFakeClock();
  const fan = createSimulatedFan({ safeState: "off" });
  const faults: string[] = [];
  const settled: boolean[] = [];
  let pending: (() => void)[] = [];
  let isHanging = false;
  let commands = 0;
  const commanded = createCommandedFan({
    fan: {
      ...fan,
      async set(on) {
        commands += 1;
        if (isHanging) await new Promise<void>((resolve) => pending.push(resolve));
        await fan.set(on);
      },
    },
    clock,
    onFault: (error) => faults.push(String(error)),
    onLate: (on) => settled.push(on),
  });
  return {
    clock,
    fan,
    faults,
    settled,
    commanded,
    commands: () => commands,
    hang() {
      isHanging = true;
    },
    async letGo() {
      isHanging = false;
      for (const resolve of pending) resolve();
      pending = [];
      await clock.advance(0);
    },
  };
}

test("a fan that obeys is what it says it is", async () => {
  const { commanded } = build();
  assert.equal(commanded.state(), "off");
  await commanded.set(true);
  assert.equal(commanded.state(), "on");
});

test("a command that is refused makes it failed until one is obeyed, and not due for a minute", async () => {
  const { clock, fan, faults, commanded } = build();
  fan.breakDown();
  await assert.rejects(commanded.set(true), hasFailed);
  assert.equal(commanded.state(), "failed");
  assert.equal(faults.length, 1);
  await clock.advance(59_000);
  assert.equal(commanded.isDue(), false);
  await clock.advance(1000);
  assert.equal(commanded.isDue(), true);
  fan.repair();
  await commanded.set(true);
  assert.equal(commanded.state(), "on");
});

test("a person does not wait for that minute", async () => {
  const { fan, commanded } = build();
  fan.breakDown();
  await assert.rejects(commanded.set(true), hasFailed);
  commanded.askNow();
  assert.equal(commanded.isDue(), true);
});

test("a command without an end makes it failed after 10 s, and no other is given meanwhile", async () => {
  const { clock, hang, commanded, commands, faults } = build();
  hang();
  const refused = assert.rejects(commanded.set(true), hasFailed);
  await clock.advance(9000);
  assert.equal(commanded.state(), "off");
  await clock.advance(1000);
  await refused;
  assert.equal(commanded.state(), "failed");
  assert.match(commanded.fault()?.message ?? "", /10 s/);
  await clock.advance(3_600_000);
  commanded.askNow();
  assert.equal(commanded.isDue(), false);
  await assert.rejects(commanded.set(false), hasFailed);
  assert.deepEqual([commands(), faults.length], [1, 1]);
});

test("one that is obeyed late is told, and the fan has failed no more", async () => {
  const { clock, hang, letGo, settled, commanded } = build();
  hang();
  const refused = assert.rejects(commanded.set(true), hasFailed);
  await clock.advance(10_000);
  await refused;
  await letGo();
  assert.deepEqual(settled, [true]);
  assert.equal(commanded.state(), "on");
  await commanded.set(false);
  assert.equal(commanded.state(), "off");
  assert.deepEqual(settled, [true], "what came in time is not told");
});
