import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { createWrongClock, startInside } from "./in-process.ts";
import { openLedger } from "./ledger.ts";

const DAY = 86_400_000;
const HALF_A_YEAR = 183 * DAY;

describe("fault 13: a time server moves the clock on by six months", () => {
  it("re-bases the time stamps, drops nothing for its age, and keeps all timers", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.05 });
    const ledger = openLedger(rig);
    const startedAt = Date.now();
    const clock = createWrongClock(-HALF_A_YEAR);
    const validity = {
      notBefore: new Date(startedAt - 2 * HALF_A_YEAR),
      notAfter: new Date(startedAt + DAY),
    };
    const inner = await startInside(t, rig, clock, { validity });
    await inner.logged("online");
    const wish = await rig.service.invoke("cave-01", "SetFanState", { state: "on", minutes: 10 });
    assert.equal(wish.status, 200);
    await until("a sample at the hub", () => ledger.received.length > 0);
    await rig.cloud.hub.stop();
    const { lastSequence } = inner.agent.status().outbox;
    await until("samples that wait", () => inner.agent.status().outbox.lastSequence > lastSequence + 1);

    clock.offset = 0;
    const jumpedAt = performance.now();
    const atJump = inner.agent.status().outbox.lastSequence;
    const { overrideUntil, state } = inner.agent.status().fan;
    assert.equal(state, "on");
    const left = Date.parse(overrideUntil ?? "") - Date.now();
    assert.ok(left > 9 * 60_000 && left <= 10 * 60_000, `the override lasts for ${left} ms`);
    await until("two samples after the jump", () => inner.agent.status().outbox.lastSequence > atJump + 1);
    const took = performance.now() - jumpedAt;
    const taken = inner.agent.status().outbox.lastSequence - atJump;
    // One a second; urgent ones, as when the fan switches, come besides.
    assert.ok(took > 900 && taken <= 4, `${taken} samples in ${took} ms`);

    await rig.cloud.hub.start();
    const last = inner.agent.status().outbox.lastSequence;
    await ledger.has(Array.from({ length: last }, (_, index) => index + 1));
    // What came while the clock was wrong bears its time; what waited was put right.
    for (const { sequence, createdAt } of ledger.received.filter((one) => one.sequence > lastSequence + 1)) {
      assert.ok(createdAt >= startedAt - 50 && createdAt <= Date.now() + 50, `time of ${sequence}`);
    }
    assert.equal(inner.agent.status().fan.state, "on");
    assert.equal(inner.agent.status().outbox.dropped, 0);
    await inner.stop();
    ledger.assertSound();
    ledger.assertWhole(inner.agent.status().outbox.lastSequence);
  });
});
