import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AgentError } from "#agent/errors.js";
import { climb, type Step } from "#agent/sensor/sht31/recovery.js";
import { createFakeClock } from "../../support/fake-clock.ts";
import { RUNNING } from "./support.ts";

const FAULT = new AgentError("it failed", { code: "SENSOR_NO_ANSWER", retryable: true, remedy: "none" });

/** The tries, each of which fails after `duration` ms. */
async function triesOf(duration: number): Promise<Step[]> {
  const clock = createFakeClock();
  const steps: Step[] = [];
  const ended = climb(
    async (step) => {
      steps.push(step);
      await clock.sleep(duration);
      throw FAULT;
    },
    () => undefined,
    clock,
    RUNNING,
  ).catch((error: unknown) => error);
  await clock.advance(60_000);
  assert.equal(await ended, FAULT);
  return steps;
}

describe("the ladder of an SHT31's recovery", () => {
  it("is climbed to its end where each try is short", async () => {
    assert.deepEqual(await triesOf(20), ["read", "read", "restart", "reopen"]);
  });

  it("is left once 3 s are over, so that the control loop hears the cause within its 5 s", async () => {
    assert.deepEqual(await triesOf(1480), ["read", "read", "restart"]);
    assert.deepEqual(await triesOf(3000), ["read"]);
  });
});
