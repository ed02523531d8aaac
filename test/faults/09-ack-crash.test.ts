import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { IS_FULL } from "./full.ts";
import { openLedger } from "./ledger.ts";

const KILLS = IS_FULL ? 20 : 2;

/** What is acknowledged is written down so seldom that each kill falls between PUBACK and cursor. */
const SLOW_CURSOR = { "outbox.syncEvery": "1h" };

describe("fault 9: a crash between PUBACK and cursor", () => {
  it(`sends the same samples again under the same ids, in ${KILLS} kills, and loses none`, async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = new Set(ledger.sequences());
      const agent = await startWith(t, rig, SLOW_CURSOR);
      await until("two new samples at the hub", () => ledger.sequences().length > before.size + 1, {
        onTimeout: agent.output,
      });
      await agent.stop("SIGKILL");
    }
    const acknowledged = ledger.sequences();
    const agent = await startWith(t, rig, SLOW_CURSOR);
    await until("all of them again", () => acknowledged.every((sequence) => countOf(sequence) > 1));
    assert.equal((await agent.stop()).code, 0);
    const { outbox } = await agent.logged("stopped");
    const { waiting, dropped, lastSequence } = outbox as Record<string, number>;
    assert.deepEqual([waiting, dropped], [0, 0]);
    ledger.assertSound();
    ledger.assertWhole(lastSequence ?? 0, KILLS + 1);

    const times = new Map<number, number>();
    for (const { sequence, createdAt } of ledger.received) {
      // Reckoned from the monotonic clock in one run and read from disk in the next: a rounding apart.
      assert.ok(Math.abs((times.get(sequence) ?? createdAt) - createdAt) <= 50, `time of ${sequence}`);
      times.set(sequence, createdAt);
    }

    function countOf(sequence: number): number {
      return ledger.received.filter((message) => message.sequence === sequence).length;
    }
  });
});
