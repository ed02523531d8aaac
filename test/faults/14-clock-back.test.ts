import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { createWrongClock, startInside } from "./in-process.ts";
import { openLedger } from "./ledger.ts";

const HOUR = 3_600_000;

describe("fault 14: the clock goes back by an hour", () => {
  it("numbers go on, under way and across a restart, and samples and fan keep their pace", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.05 });
    const ledger = openLedger(rig);
    const clock = createWrongClock(0);
    const first = await startInside(t, rig, clock);
    await first.logged("online");
    await rig.service.invoke("cave-01", "SetFanState", { state: "on", minutes: 10 });
    await until("two samples", () => ledger.sequences().length > 1);

    clock.offset = -HOUR;
    const before = first.agent.status().outbox.lastSequence;
    const from = performance.now();
    await until("two more", () => ledger.sequences().length > before + 1);
    assert.ok(performance.now() - from < 5000, "nobody waits for the hour to pass again");
    const left = Date.parse(first.agent.status().fan.overrideUntil ?? "") - clock.now();
    assert.ok(left > 9 * 60_000 && left <= 10 * 60_000, `the override lasts for ${left} ms`);
    await first.stop();
    const { lastSequence, dropped } = first.agent.status().outbox;
    assert.equal(dropped, 0);

    clock.offset = -2 * HOUR;
    const second = await startInside(t, rig, clock);
    await ledger.has([lastSequence + 1, lastSequence + 2]);
    const { fan } = second.agent.status();
    const rest = Date.parse(fan.overrideUntil ?? "") - clock.now();
    assert.ok(
      rest > 9 * 60_000 && rest <= 10 * 60_000,
      `after the restart the override lasts for ${rest} ms`,
    );
    assert.equal(fan.state, "on");
    await second.stop();
    ledger.assertSound();
    ledger.assertWhole(second.agent.status().outbox.lastSequence);
    const order = ledger.received.map(({ sequence }) => sequence);
    assert.deepEqual(order, [...new Set(order)], "none was sent twice");
  });
});
