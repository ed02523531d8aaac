import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "#fleet/service/service.js";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { createWrongClock, startInside } from "./in-process.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

describe("fault 12: the clock says 2001 and no time server answers", () => {
  it("samples, makes no connection, and puts all times right once the clock is", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.05 });
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    const clock = createWrongClock(Date.UTC(2001, 0, 1) - Date.now());
    const startedAt = Date.now();
    const inner = await startInside(t, rig, clock, { host: relay.host });
    await inner.logged("waiting-for-clock");
    await until("some samples", () => inner.agent.status().outbox.waiting > 2);
    assert.equal(relay.connections(), 0);
    assert.equal(inner.lines.filter(({ event }) => event === "waiting-for-clock").length, 1);
    const { reading, fan } = inner.agent.status();
    assert.ok(reading, "the cave is looked after");
    assert.notEqual(fan.state, "failed");

    const before = inner.agent.status().outbox.lastSequence;
    const jumpedAt = Date.now();
    clock.offset = 0;
    await inner.logged("online");
    await ledger.has(Array.from({ length: before + 1 }, (_, index) => index + 1));
    assert.equal(relay.connections(), 1);
    for (const { sequence, createdAt } of ledger.received) {
      assert.ok(createdAt >= startedAt - 50 && createdAt <= Date.now() + 50, `time of ${sequence}`);
      if (sequence <= before) assert.ok(createdAt <= jumpedAt + 50, `${sequence} was taken before the jump`);
    }
    const { dropped } = inner.agent.status().outbox;
    assert.equal(dropped, 0);
    await inner.stop();
    ledger.assertSound();
    ledger.assertWhole(inner.agent.status().outbox.lastSequence);
  });

  it("tells when it started by the clock that was put right, not by 2001", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.05 });
    const clock = createWrongClock(Date.UTC(2001, 0, 1) - Date.now());
    const inner = await startInside(t, rig, clock);
    await inner.logged("waiting-for-clock");
    await delay(100);
    clock.offset = 0;
    await inner.logged("online");
    const { uptime, startedAt } = inner.agent.status().agent;
    assert.ok(uptime < 60, `uptime ${uptime} s`);
    assert.ok(Date.now() - Date.parse(startedAt) < 60_000, startedAt);
    const { reported } = await until("the report", async () => {
      const twin = await rig.service.getTwin("cave-01");
      return "lastBoot" in twin.reported && twin;
    });
    assert.ok(Date.now() - Date.parse(String((reported as JsonObject).lastBoot)) < 60_000);
  });
});
