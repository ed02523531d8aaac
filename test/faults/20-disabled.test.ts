import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { askStatus } from "#agent/health/client.js";
import { startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { startWith } from "./agents.ts";
import { assertSoundEnd } from "./ending.ts";
import { IS_FULL } from "./full.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const TRIES = IS_FULL ? 6 : 3;

describe("fault 20: the registration is disabled", () => {
  it("asks slowly, says so in status, keeps sampling, and gets in once it is enabled", async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.1 });
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "disabled");
    const agent = await startWith(t, rig, { "provisioning.retryDisabledAfter": "2s" }, { host: relay.host });
    await agent.logged("disabled");
    const socket = join(rig.folder, "cave-01.state", "status.sock");
    const { connection, conditions, outbox } = await askStatus(socket);
    assert.equal(connection.state, "disabled");
    assert.match(connection.cause, /registration is disabled$/);
    assert.match(connection.remedy ?? "", /^enable the enrolment group/);
    assert.ok(Date.parse(connection.retryAt ?? "") > Date.parse(connection.since));
    assert.ok(
      conditions.some(({ cause, remedy }) => /disabled/.test(cause) && remedy !== ""),
      JSON.stringify(conditions),
    );
    await until("more tries", () => relay.connections() >= TRIES, { seconds: 60 });
    for (const [index, time] of relay.times.slice(1).entries()) {
      const gap = time - (relay.times[index] ?? 0);
      assert.ok(gap >= 2000, `${gap} ms between two tries`);
    }
    const later = (await askStatus(socket)).outbox;
    assert.ok(later.waiting > outbox.waiting, `${outbox.waiting} samples waited, then ${later.waiting}`);
    rig.cloud.dps.setProvisioningStatus("cheesecave-devices", "enabled");
    await agent.logged("online");
    await ledger.has([1, later.lastSequence]);
    await assertSoundEnd(rig, agent, ledger);
  });
});
