import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

/** Seconds that the DPS asks for: far more than the agent would wait by itself, which is `OWN`. */
const ASKED = 4;
const OWN = { "hub.retryAtMost": "1s" };
/** Milliseconds: twice the rig's `provisioning.retryAfter`, added at random. */
const JITTER = 2000;
/** Milliseconds: the time from the answer to the log of this machine, and from the wait to the next connection. */
const SLACK = 1500;

describe("fault 18: the DPS answers 429 with retry-after", { concurrency: true }, () => {
  it("waits as long as it is told, each time anew, and a little more at random", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    rig.cloud.faults.dps.throttle(2, ASKED);
    const agent = await startWith(t, rig, OWN, { host: relay.host });
    await agent.logged("online", { seconds: 30 });
    assert.equal(relay.connections(), 3);
    for (const [index, time] of relay.times.slice(1).entries()) {
      const gap = time - (relay.times[index] ?? 0);
      assert.ok(gap >= ASKED * 1000 && gap <= ASKED * 1000 + JITTER + SLACK, `${gap} ms`);
    }
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });

  it("waits as long as it is told also when it is a poll that is refused", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const { dps } = rig.cloud.faults;
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    dps.pollForEver();
    const agent = await startWith(t, rig, { "provisioning.deadline": "30s" }, { host: relay.host });
    await until("the registration", () => relay.connections() === 1, { onTimeout: agent.output });
    // By now it is answered, and the polling has begun: the DPS asks for a second between polls.
    await delay(2000);
    dps.throttle(2, ASKED);
    const isSpent = () => !("throttle" in (rig.cloud.faults.active().dps ?? {}));
    await until("both refusals", isSpent, { onTimeout: () => JSON.stringify(rig.cloud.faults.active()) });
    const refusedAt = performance.now();
    dps.pollForEver(false);
    await agent.logged("online", { seconds: 30 });
    const waited = performance.now() - refusedAt;
    assert.ok(waited >= ASKED * 1000 - 100, `${waited} ms`);
    assert.equal(relay.connections(), 1, "a refused poll does not begin anew");
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });
});
