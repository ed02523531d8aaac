import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAgentError } from "#agent/errors.js";
import { createSimulatedFan } from "#agent/fan/simulated.js";

const isFanFailure = (error: unknown): boolean => isAgentError(error) && error.code === "FAN_FAILED";

describe("the simulated fan", () => {
  it("does what it is told", async () => {
    const fan = createSimulatedFan({ safeState: "hold" });
    assert.equal(fan.state(), "off");
    await fan.set(true);
    assert.equal(fan.state(), "on");
    await fan.set(false);
    assert.equal(fan.state(), "off");
  });

  it("fails on demand, and has failed until it obeys again", async () => {
    const fan = createSimulatedFan({ safeState: "off" });
    await fan.set(true);
    fan.breakDown();
    assert.equal(fan.state(), "on");
    await assert.rejects(fan.set(false), isFanFailure);
    assert.equal(fan.state(), "failed");
    fan.repair();
    assert.equal(fan.state(), "failed");
    await fan.set(true);
    assert.equal(fan.state(), "on");
  });

  it("is left in its safe state, and takes no commands then", async () => {
    for (const [safeState, left] of [
      ["on", "on"],
      ["off", "off"],
      ["hold", "on"],
    ] as const) {
      const fan = createSimulatedFan({ safeState });
      await fan.set(safeState !== "on");
      await fan.release();
      assert.equal(fan.state(), left);
      await assert.rejects(fan.set(true), isFanFailure);
      assert.equal(fan.state(), left);
    }
  });

  it("does not claim a safe state that a broken fan did not take", async () => {
    const fan = createSimulatedFan({ safeState: "off" });
    fan.breakDown();
    await assert.rejects(fan.set(true), isFanFailure);
    await fan.release();
    assert.equal(fan.state(), "failed");
  });
});
