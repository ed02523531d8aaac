import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { serviceOf } from "../local-cloud/support.ts";
import { type AgentRig, type CloudRig, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { type Relay, startRelay } from "./relay.ts";

/** Ten failures in a row take some seconds, not minutes. */
const QUICK = { "hub.retryAfter": "200ms", "hub.retryAtMost": "1s" };

describe("fault 22: the hub was moved", { concurrency: true }, () => {
  it("the old hub no longer knows the device: on to the new one at once, with the twin, nothing lost", async (t) => {
    const { rig, ledger, agent } = await startInTheNorth(t);
    await rig.service.updateTwin("cave-01", { targetTemperature: 9 });
    await agent.logged("setting");
    const before = agent.lines.length;
    rig.cloud.dps.assignTo("south");
    await serviceOf(rig.cloud).registry.delete("cave-01");
    await arriveInTheSouth(rig, agent, before);
    await assertSoundEnd(rig, agent, ledger);
  });

  it("the old hub is gone: on to the new one after ten failures, nothing lost; a restart goes straight there", async (t) => {
    const { rig, ledger, agent, dps } = await startInTheNorth(t);
    const before = agent.lines.length;
    rig.cloud.dps.assignTo("south");
    await rig.cloud.hub.stop();
    await arriveInTheSouth(rig, agent, before);
    assert.equal(dps.connections(), 2);
    await agent.stop();
    const next = await startWith(t, rig, QUICK, { host: dps.host });
    const { hub } = await next.logged("online");
    assert.equal(hub, hostOf(rig, "south"));
    assert.equal(dps.connections(), 2);
    await assertSoundEnd(rig, next, ledger, 2);
  });

  it("told to provision anew while the old hub is well: moves with its twin, nothing lost", async (t) => {
    const { rig, ledger, agent, dps } = await startInTheNorth(t);
    await rig.service.updateTwin("cave-01", { targetTemperature: 9 });
    await agent.logged("setting");
    const before = agent.lines.length;
    rig.cloud.dps.assignTo("south");
    assert.equal((await rig.service.invoke("cave-01", "Reprovision", null)).status, 202);
    await arriveInTheSouth(rig, agent, before);
    assert.deepEqual(rig.cloud.hub.connectedDevices(), []);
    assert.equal(dps.connections(), 2);
    await assertSoundEnd(rig, agent, ledger);
  });
});

async function startInTheNorth(
  t: TestContext,
): Promise<{ rig: CloudRig; ledger: Ledger; agent: AgentRig; dps: Relay }> {
  const rig = await startCloud(t, { hubs: ["north", "south"], retryAfter: 0.1 });
  const ledger = openLedger(rig);
  rig.cloud.dps.assignTo("north");
  const dps = await startRelay(t, rig.cloud.endpoints.dps.host);
  const agent = await startWith(t, rig, QUICK, { host: dps.host });
  const { hub } = await agent.logged("online");
  assert.equal(hub, hostOf(rig, "north"));
  await until("telemetry in the north", () => rig.cloud.hub.telemetryCounts("cave-01").received > 1);
  return { rig, ledger, agent, dps };
}

async function arriveInTheSouth(rig: CloudRig, agent: AgentRig, after: number): Promise<void> {
  const { hub } = await agent.logged("online", { after, seconds: 60 });
  assert.equal(hub, hostOf(rig, "south"));
  const { south } = rig.cloud.hubs;
  await until("telemetry in the south", () => (south?.telemetryCounts("cave-01").received ?? 0) > 1, {
    onTimeout: agent.output,
  });
}

function hostOf(rig: CloudRig, name: string): string | undefined {
  return rig.cloud.endpoints.hubs.find((hub) => hub.name === name)?.hostName;
}
