import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type AgentRig, type CloudRig, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { admit, leaveAssignment } from "./assigned.ts";
import { assertSoundEnd } from "./ending.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { type Relay, startRelay } from "./relay.ts";

/** What MQTT has for 401 and for 5xx (MQTT 3.1.1, 3.2.2.3). */
const NOT_AUTHORIZED = 5;
const UNAVAILABLE = 3;

/** Waits of a second each, so that ten refusals take ten seconds. */
const EVEN = { "provisioning.retryAfter": "1s", "hub.retryAtMost": "1s", "hub.retryAfter": "200ms" };

describe("fault 21: the hub refuses", { concurrency: true }, () => {
  it("401, three times: asks the DPS once", async (t) => {
    const { rig, ledger, dps, agent } = await start(t, {});
    await agent.logged("online");
    assert.equal(dps.connections(), 1);
    const before = agent.lines.length;
    rig.cloud.faults.hub.refuse(NOT_AUTHORIZED, 3);
    rig.cloud.faults.hub.drop();
    await agent.logged("online", { after: before, seconds: 30 });
    assert.equal(refusalsLeft(rig), 0);
    assert.equal(dps.connections(), 2);
    await assertSoundEnd(rig, agent, ledger);
  });

  it("503, nine times: does not ask the DPS", async (t) => {
    const { rig, ledger, dps, agent } = await start(t, { refusals: 9 });
    await agent.logged("online", { seconds: 40 });
    assert.equal(refusalsLeft(rig), 0);
    assert.equal(dps.connections(), 0);
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });

  it("503, eleven times: asks the DPS once, after the tenth", async (t) => {
    const { rig, ledger, dps, agent } = await start(t, { refusals: 11 });
    await until("it asks the DPS", () => dps.connections() > 0, { seconds: 40, onTimeout: agent.output });
    assert.equal(refusalsLeft(rig), 1);
    await agent.logged("online");
    assert.equal(dps.connections(), 1);
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });
});

/** With refusals, the agent starts as one that was here before: it has an assignment, and the hub is ill. */
async function start(
  t: TestContext,
  { refusals: times }: { refusals?: number },
): Promise<{ rig: CloudRig; ledger: Ledger; dps: Relay; agent: AgentRig }> {
  const rig = await startCloud(t);
  const ledger = openLedger(rig);
  const dps = await startRelay(t, rig.cloud.endpoints.dps.host);
  if (times !== undefined) {
    await admit(rig);
    leaveAssignment(rig, rig.cloud.endpoints.hubs[0]?.hostName ?? "", dps.host);
    rig.cloud.faults.hub.refuse(UNAVAILABLE, times);
  }
  const agent = await startWith(t, rig, EVEN, { host: dps.host });
  return { rig, ledger, dps, agent };
}

/** Of those that the switch was given. */
function refusalsLeft(rig: CloudRig): number {
  const { refuse } = (rig.cloud.faults.active()["local-hub"] ?? {}) as { refuse?: { times?: number } };
  return refuse?.times ?? 0;
}
