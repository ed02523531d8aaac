import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type AgentRig, type CloudRig, startAgent, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { assertSoundEnd, watchCounts } from "./ending.ts";
import { type Ledger, openLedger } from "./ledger.ts";

describe("fault 26: PUBACKs that come twice, late, or not at all", { concurrency: true }, () => {
  it("twice: each takes one sample out of the outbox", async (t) => {
    const { rig, ledger, agent, end } = await start(t);
    rig.cloud.faults.hub.duplicatePubacks();
    await more(ledger, 4);
    await end();
    assert.ok(!agent.lines.some(({ event }) => event === "offline"), agent.output());
    assert.equal(ledger.received.length, ledger.sequences().length, "none is sent again");
    await assertSoundEnd(rig, agent, ledger);
  });

  it("late, with several under way: none is sent again, none is taken for another", async (t) => {
    const { rig, ledger, agent, end } = await start(t);
    rig.cloud.faults.hub.delayPubacks(2500);
    await more(ledger, 5);
    rig.cloud.faults.hub.delayPubacks(0);
    await end();
    assert.equal(ledger.received.length, ledger.sequences().length, "none is sent again");
    await assertSoundEnd(rig, agent, ledger);
  });

  it("on the next connection: what they were for is sent again under its own id", async (t) => {
    const { rig, ledger, agent, end } = await start(t);
    rig.cloud.faults.hub.pubacksAfterReconnect();
    await more(ledger, 3);
    const waiting = new Set(ledger.sequences());
    const before = agent.lines.length;
    rig.cloud.faults.hub.drop();
    await agent.logged("online", { after: before });
    await more(ledger, 3);
    rig.cloud.faults.clear();
    rig.cloud.faults.hub.drop();
    const twice = () =>
      [...waiting].filter(
        (sequence) => ledger.received.filter((message) => message.sequence === sequence).length > 1,
      );
    await until("they come again", () => twice().length >= 3, { onTimeout: agent.output });
    await end();
    await assertSoundEnd(rig, agent, ledger);
  });

  it("lost with the connection, three times over: the same again, under the same ids", async (t) => {
    const { rig, ledger, agent, end } = await start(t);
    const { length } = ledger.received;
    rig.cloud.faults.hub.loseConnectionBeforePuback(3);
    await until("they are spent and sound", () => ledger.received.length >= length + 6, {
      onTimeout: agent.output,
    });
    await end();
    assert.ok(ledger.received.length > ledger.sequences().length, "something is sent again");
    await assertSoundEnd(rig, agent, ledger);
  });
});

async function start(
  t: TestContext,
): Promise<{ rig: CloudRig; ledger: Ledger; agent: AgentRig; end: () => Promise<void> }> {
  const rig = await startCloud(t, { retryAfter: 0.1 });
  const ledger = openLedger(rig);
  const agent = await startAgent(t, rig, { extra: '[hub]\nretryAfter = "200ms"' });
  await agent.logged("online");
  await more(ledger, 1);
  const counts = watchCounts(t, rig, ledger);
  return {
    rig,
    ledger,
    agent,
    async end() {
      await counts.end();
      assert.ok(counts.looks() > 5, `${counts.looks()} looks`);
    },
  };
}

async function more(ledger: Ledger, samples: number): Promise<void> {
  const before = ledger.sequences().length;
  await until(`${samples} more samples`, () => ledger.sequences().length >= before + samples);
}
