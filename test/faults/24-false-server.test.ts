import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const FALSE_SERVERS = [
  ["other-ca", /could not prove who it is: ./],
  ["wrong-host", /could not prove who it is: ./],
  ["expired", /could not prove who it is: .*expired/],
] as const;

/** Tries follow each other within 1.5 s, and never closer than 0.5 s: `provisioning.retryAfter` is 1 s. */
const EVEN = { "hub.retryAtMost": "1s", "provisioning.retryAfter": "1s" };

describe("fault 24: a server that cannot prove who it is", { concurrency: true }, () => {
  for (const [kind, cause] of FALSE_SERVERS) {
    it(`a DPS with a certificate that is ${kind}: nothing is asked of it; the true one is`, async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.1 });
      const ledger = openLedger(rig);
      const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
      rig.cloud.faults.tls.presentCertificate(kind, "dps");
      const agent = await startWith(t, rig, EVEN, { host: relay.host });
      assert.match((await agent.logged("backing-off")).cause ?? "", cause);
      await until("more tries", () => relay.connections() > 2);
      assertNoStorm(relay.times);
      assert.deepEqual(await rig.service.devices(), []);
      rig.cloud.faults.clear();
      await agent.logged("online");
      await until("telemetry", () => ledger.received.length > 0);
      await assertSoundEnd(rig, agent, ledger);
    });

    it(`a hub with a certificate that is ${kind}: gets no sample, and sends nobody to the DPS`, async (t) => {
      const rig = await startCloud(t, { retryAfter: 0.1 });
      const ledger = openLedger(rig);
      const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
      const agent = await startWith(t, rig, EVEN, { host: relay.host });
      await agent.logged("online");
      await until("telemetry", () => ledger.received.length > 0);
      rig.cloud.faults.tls.presentCertificate(kind, rig.cloud.hub.name);
      const before = agent.lines.length;
      const asked = relay.connections();
      rig.cloud.faults.hub.drop();
      const refused = await until("the refusal", () =>
        agent.lines.slice(before).find((line) => /could not prove/.test(line.cause ?? "")),
      );
      assert.match(refused.cause ?? "", cause);
      const { length } = ledger.received;
      await delay(2500);
      assert.equal(ledger.received.length, length, "a sample went to a hub that is not trusted");
      assert.equal(relay.connections(), asked);
      rig.cloud.faults.clear();
      await agent.logged("online", { after: before });
      await until("telemetry", () => ledger.received.length > length);
      await assertSoundEnd(rig, agent, ledger);
    });
  }
});

/** Milliseconds of each connection. */
function assertNoStorm(times: readonly number[]): void {
  for (const [index, time] of times.slice(1).entries()) {
    const gap = time - (times[index] ?? 0);
    assert.ok(gap >= 900, `${gap} ms between two tries`);
  }
}
