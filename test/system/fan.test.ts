import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type CloudRig, spawnAgent, startCloud, writeAgentConfig } from "../support/rig.js";
import { getStatus } from "../support/status.js";
import { until } from "../support/until.js";

/** A whole agent whose fan is configured so. */
async function start(t: TestContext, fan: string) {
  const rig = await startCloud(t);
  const file = await writeAgentConfig(rig);
  writeFileSync(file, readFileSync(file, "utf8").replace('driver = "simulated"', fan));
  const agent = spawnAgent(t, ["run", "--config", file]);
  await agent.logged("online");
  return { rig, agent };
}

const reported = async (rig: CloudRig) => (await rig.service.getTwin("cave-01")).reported;

test("a fan that cannot be reached: the cave is measured all the same, and the fault is told everywhere", async (t) => {
  const { rig, agent } = await start(t, 'line = {chip = "no-such-chip", offset = 17}');
  const fault = await agent.logged("fan-fault");
  // Which of them it is depends on the machine: one without GPIO, or one with other chips.
  assert.match(fault.cause ?? "", /there is no \/sys\/class\/gpio|no-such-chip|onoff|gpioset|may not/);
  assert.ok(fault.remedy);
  const status = await until("there is a reading", async () => {
    const each = await getStatus(rig);
    return each.reading && each;
  });
  assert.equal(status.fan.state, "failed");
  assert.equal(status.fan.driver, null);
  assert.equal(status.fan.fault, fault.cause);
  assert.deepEqual([status.fan.code, fault.code], ["FAN_FAILED", "FAN_FAILED"]);
  assert.equal(status.fan.remedy, fault.remedy);
  const condition = await until("the condition holds", async () =>
    (await getStatus(rig)).conditions.find(({ code }) => code === "FAN_FAILED"),
  );
  assert.equal(condition.cause, fault.cause);
  const raised = agent.lines.find(({ event, code }) => event === "condition-raised" && code === "FAN_FAILED");
  assert.equal(raised?.cause, fault.cause, "none was raised before the first try had ended");
  await until("it is reported", async () => (await reported(rig)).fanState === "failed");
  const refused = await rig.service.invoke("cave-01", "SetFanState", "on");
  assert.equal(refused.status, 400);
  const { result, code, remedy } = refused.payload as Record<string, string>;
  assert.deepEqual([result, code], ["Fan failed", "FAN_FAILED"]);
  assert.ok(remedy);
  await until("its samples arrive", async () => (await getStatus(rig)).outbox.acknowledged > 2);
  assert.equal((await agent.stop()).code, 0);
});

test("a cave without a fan says so, and refuses to switch one", async (t) => {
  const { rig, agent } = await start(t, 'driver = "none"');
  assert.equal((await agent.logged("fan-driver")).driver, "none");
  await until("it is reported", async () => {
    const { fanState, fanReason } = await reported(rig);
    return fanState === "off" && fanReason === "no-fan";
  });
  const refused = await rig.service.invoke("cave-01", "SetFanState", "on");
  const { result, code } = refused.payload as Record<string, string>;
  assert.deepEqual([refused.status, code], [400, "FAN_ABSENT"]);
  assert.equal(result, 'this cave has no fan: fan.driver is "none"');
  const { conditions, fan } = await getStatus(rig);
  assert.deepEqual([fan.driver, fan.state, fan.fault], ["none", "off", null]);
  assert.deepEqual(
    conditions.filter(({ code }) => code.startsWith("FAN")),
    [],
  );
  assert.equal((await agent.stop()).code, 0);
});
