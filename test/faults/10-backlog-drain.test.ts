import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { leaveBacklog, oldSample } from "./backlog.ts";
import { IS_FULL } from "./full.ts";
import { openLedger, type Received } from "./ledger.ts";

const RECORDS = IS_FULL ? 100_000 : 2000;
const PER_SECOND = IS_FULL ? 1500 : 500;
const AN_HOUR_AGO = Date.now() - 3_600_000;

describe("fault 10: a backlog", () => {
  it(`of ${RECORDS} goes out at ${PER_SECOND}/s at most, behind what is urgent, marked as historical`, async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const state = join(rig.folder, "cave-01.state");
    await leaveBacklog(state, async (outbox) => {
      for (let number = 1; number <= RECORDS; number += 1) {
        await outbox.append(oldSample(number, AN_HOUR_AGO + number));
      }
    });
    const agent = await startWith(t, rig, {
      "outbox.perSecond": PER_SECOND,
      "outbox.inFlight": 100,
      "cave.telemetryInterval": 60,
    });
    await until("the backlog on its way", () => ledger.received.length > RECORDS / 10, {
      onTimeout: agent.output,
    });
    await rig.service.updateTwin("cave-01", { targetTemperature: 30 });
    await until("all of it", () => ledger.sequences().length > RECORDS + 1, { seconds: 280 });
    assert.equal((await agent.stop()).code, 0);
    const outbox = (await agent.logged("stopped")).outbox as Record<string, number>;
    assert.deepEqual([outbox.waiting, outbox.dropped], [0, 0]);
    ledger.assertSound();
    ledger.assertWhole(outbox.lastSequence ?? 0);

    const old = ledger.received.filter(({ sequence }) => sequence <= RECORDS);
    const live = ledger.received.filter(({ sequence }) => sequence > RECORDS);
    for (const { sequence, properties, createdAt } of old) {
      assert.equal(properties.historical, "true", `${sequence}`);
      assert.equal(createdAt, AN_HOUR_AGO + sequence);
    }
    const order = old.map(({ sequence }) => sequence);
    assert.ok(mostOutOfOrder(order) <= 200, "oldest first, but for those in flight");
    const alert = live.find(({ properties }) => properties.temperatureAlert === "true");
    assert.ok(alert, "the change of the target is an alert");
    assert.equal(alert.properties.historical, undefined);
    const behind = ledger.received.length - ledger.received.indexOf(alert);
    assert.ok(behind > RECORDS / 4, `the alert came with only ${behind} behind it`);
    const most = mostInAnySecond(ledger.received);
    // After a quiet time a second's worth may go at once; the clocks of both ends are read some milliseconds apart.
    assert.ok(most <= PER_SECOND * 2.1, `${most} in one second`);
  });
});

function mostOutOfOrder(order: number[]): number {
  let newest = 0;
  let most = 0;
  for (const sequence of order) {
    newest = Math.max(newest, sequence);
    most = Math.max(most, newest - sequence);
  }
  return most;
}

function mostInAnySecond(received: readonly Received[]): number {
  let first = 0;
  let most = 0;
  for (const [index, { cameAt }] of received.entries()) {
    while (cameAt - (received[first]?.cameAt ?? cameAt) >= 1000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
