import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { IS_FULL } from "./full.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const TRIES = IS_FULL ? 6 : 2;
/** The waits double each time: six of them, at their longest, with the tries between. */
const PATIENCE = IS_FULL ? 120 : 60;

describe("fault 19: polling never ends", () => {
  it(`gives up at the deadline ${TRIES} times, lets go of each connection, waits, and gets in by itself`, async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    rig.cloud.faults.dps.pollForEver();
    const agent = await startWith(t, rig, { "provisioning.deadline": "2500ms" }, { host: relay.host });
    let mostOpen = 0;
    await until(
      "it tries again",
      () => {
        mostOpen = Math.max(mostOpen, relay.openNow());
        return relay.connections() > TRIES;
      },
      { seconds: PATIENCE, onTimeout: agent.output },
    );
    assert.equal(mostOpen, 1);
    const { cause } = await agent.logged("backing-off");
    assert.match(cause ?? "", /no answer within 2\.5 s: waited for the DPS/);
    for (const [index, time] of relay.times.slice(1).entries()) {
      const gap = time - (relay.times[index] ?? 0);
      // 2.5 s from the start of a try, then half of hub.retryAfter or more; a slow machine connects late in a try.
      assert.ok(gap >= 2000, `${gap} ms between two tries`);
    }
    rig.cloud.faults.clear();
    await agent.logged("online", { seconds: 60 });
    await until("telemetry", () => ledger.received.length > 0);
    await assertSoundEnd(rig, agent, ledger);
  });
});
