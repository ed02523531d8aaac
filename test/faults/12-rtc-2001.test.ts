import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "#fleet/service/service.js";
import { startAgent, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { admit, leaveAssignment } from "./assigned.ts";
import { assertSoundEnd } from "./ending.ts";
import { LONG } from "./full.ts";
import { createWrongClock, startInside } from "./in-process.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const DAY = 86_400_000;
/** Also a day ago. */
const LONG_VALID = { notBefore: new Date(Date.now() - 10 * DAY), notAfter: new Date(Date.now() + DAY) };
const FAN_ON = { "cave.fanMode": "on" };

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

  for (const place of ["dps", "hub"] as const) {
    it(`by the clock the certificate of the ${place} is of the future: one try, and the next once it is set`, async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.05 });
      const ledger = openLedger(rig);
      const { dps, hubs } = rig.cloud.endpoints;
      const relay = await startRelay(t, dps.host);
      await admit(rig);
      if (place === "hub") leaveAssignment(rig, hubs[0]?.hostName ?? "", relay.host);
      // OpenSSL goes by the machine's clock, which a test cannot set: here the certificate comes to meet the clock.
      rig.cloud.faults.tls.presentCertificate("not-yet-valid");
      const clock = createWrongClock(-DAY);
      const startedAt = Date.now();
      const inner = await startInside(t, rig, clock, {
        host: relay.host,
        validity: LONG_VALID,
        changes: FAN_ON,
      });
      const tries = () => (place === "dps" ? relay.connections() : countOf("connecting"));
      const countOf = (name: string) => inner.lines.filter(({ event }) => event === name).length;
      const { cause } = await inner.logged("waiting-for-clock");
      assert.match(cause ?? "", /by this machine's clock .* not yet valid/);
      const atFirst = inner.agent.status().outbox.lastSequence;
      await until("more samples", () => inner.agent.status().outbox.lastSequence > atFirst + 2);
      assert.equal(inner.agent.status().connection.state, "waiting-for-clock");
      assert.equal(inner.agent.status().fan.state, "on");
      assert.equal(tries(), 1);

      const before = inner.agent.status().outbox.lastSequence;
      rig.cloud.faults.clear();
      clock.offset = 0;
      await inner.logged("online");
      assert.equal(tries(), 2);
      if (place === "hub") assert.equal(relay.connections(), 0);
      await ledger.has(Array.from({ length: before }, (_, index) => index + 1));
      for (const { sequence, createdAt } of ledger.received) {
        assert.ok(createdAt >= startedAt - 50 && createdAt <= Date.now() + 50, `time of ${sequence}`);
      }
      assert.equal(inner.agent.status().outbox.dropped, 0);
      assert.equal(inner.agent.status().fan.state, "on");
      await inner.stop();
      ledger.assertSound();
      ledger.assertWhole(inner.agent.status().outbox.lastSequence);
    });
  }

  it(
    "a process that is kept out by its clock tries once a minute, and gets in when it can",
    LONG,
    async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.05 });
      const ledger = openLedger(rig);
      const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
      rig.cloud.faults.tls.presentCertificate("not-yet-valid");
      const agent = await startAgent(t, rig, { host: relay.host });
      await agent.logged("waiting-for-clock");
      await until("the second try", () => relay.connections() === 2, { seconds: 90 });
      const [first = 0, second = 0] = relay.times;
      assert.ok(second - first >= 59_000, `${second - first} ms between two tries`);
      rig.cloud.faults.clear();
      await agent.logged("online", { seconds: 90 });
      assert.equal(relay.connections(), 3);
      await until("telemetry", () => ledger.received.length > 0);
      await assertSoundEnd(rig, agent, ledger);
    },
  );

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
