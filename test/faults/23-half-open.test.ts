import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { type Changes, startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { openLedger } from "./ledger.ts";

/** Seconds: the least that is allowed, and when the agent has promised to notice. */
const KEEP_ALIVE = 4;
const PROMISED = 1.5 * KEEP_ALIVE;
/** Seconds: timers of a busy machine, and the way from the agent's log to here. */
const MARGIN = 1;

/** Nothing is sent but keep-alives, so that no unanswered message finds the dead connection first. */
const IDLE: Changes = { "cave.telemetryInterval": 86_400, "cave.fanMode": "off" };

describe("fault 23: half-open TCP", { concurrency: true }, () => {
  for (const [what, changes] of Object.entries({
    "an idle agent": IDLE,
    "an agent that sends every second": {},
  } satisfies Record<string, Changes>)) {
    it(`${what} notices within 1.5 times its keep-alive, and goes on over a new connection`, async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.1 });
      const ledger = openLedger(rig);
      const agent = await startWith(t, rig, { "hub.keepAlive": `${KEEP_ALIVE}s`, ...changes });
      await agent.logged("online");
      await until("the first sample", () => ledger.received.length > 0);
      const before = agent.lines.length;
      const cutAt = performance.now();
      rig.cloud.faults.hub.halfOpen();
      const { cause } = await agent.logged("offline", { after: before, seconds: 60 });
      const took = (performance.now() - cutAt) / 1000;
      assert.ok(took <= PROMISED + MARGIN, `noticed after ${took} s`);
      assert.match(cause ?? "", /the hub connection was lost: /);
      await agent.logged("online", { after: before });
      // What the dead connection has swallowed comes out of it after all: late, and twice.
      rig.cloud.faults.clear();
      await assertSoundEnd(rig, agent, ledger);
    });
  }

  it("a connection that stays quiet for long, but lives, is kept", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.1 });
    const ledger = openLedger(rig);
    const agent = await startWith(t, rig, { "hub.keepAlive": `${KEEP_ALIVE}s`, ...IDLE });
    await agent.logged("online");
    await until("the first sample", () => ledger.received.length > 0);
    const before = agent.lines.length;
    const end = performance.now() + PROMISED * 1000 * 1.5;
    await until("it has been quiet", () => performance.now() > end);
    assert.deepEqual(
      agent.lines.slice(before).filter(({ event }) => event === "offline"),
      [],
    );
    assert.deepEqual(rig.cloud.hub.connectedDevices(), ["cave-01"]);
    await assertSoundEnd(rig, agent, ledger);
  });
});
