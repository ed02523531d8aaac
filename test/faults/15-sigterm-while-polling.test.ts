import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parseAssignment } from "#agent/hub/assignment.js";
import { startAgent, startCloud } from "../support/rig.ts";
import { until } from "../support/until.ts";
import { IS_FULL } from "./full.ts";
import { openLedger } from "./ledger.ts";
import { startRelay } from "./relay.ts";

const KILLS = IS_FULL ? 20 : 3;

describe("fault 15: a stop while the DPS is polled", { concurrency: true }, () => {
  it("ends within 5 s, exit 0, with no assignment on disk; the next start provisions", async (t) => {
    const rig = await startCloud(t);
    const ledger = openLedger(rig);
    const relay = await startRelay(t, rig.cloud.endpoints.dps.host);
    rig.cloud.faults.dps.pollForEver();
    const agent = await startAgent(t, rig, { host: relay.host, extra: '[log]\nlevel = "debug"' });
    await agent.logged("provisioning");
    await until("the registration", () => relay.connections() > 0);
    // The DPS asks for a second between polls: by now one has been answered.
    await delay(1500);
    const { code, took } = await agent.stop();
    assert.equal(code, 0, agent.output());
    assert.ok(took < 5000, `${took} ms`);
    const state = join(rig.folder, "cave-01.state");
    assert.deepEqual(
      readdirSync(state).filter((name) => name.startsWith("assignment") || name.endsWith(".tmp")),
      [],
    );
    rig.cloud.faults.clear();
    const next = await startAgent(t, rig, { host: relay.host });
    await next.logged("provisioned");
    await until("telemetry", () => ledger.received.length > 0);
    assert.equal((await next.stop()).code, 0);
    ledger.assertSound();
    const stopped = (await next.logged("stopped")).outbox as { waiting: number; lastSequence: number };
    assert.equal(stopped.waiting, 0);
    ledger.assertWhole(stopped.lastSequence);
  });

  it(`leaves no half-written assignment, killed ${KILLS} times around the moment that it is written`, async (t) => {
    const rig = await startCloud(t, { retryAfter: 0.05 });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const deviceId = `cave-${kill + 10}`;
      const agent = await startAgent(t, rig, { deviceId });
      const file = join(rig.folder, `${deviceId}.state`, "assignment.json");
      // Now before its first byte, now at once after it is there.
      const seen = kill % 2 === 0 ? () => existsSync(`${file}.tmp`) : () => existsSync(file);
      const end = performance.now() + 20_000;
      while (!seen() && !existsSync(file)) {
        assert.ok(performance.now() < end, agent.output());
        await delay(1);
      }
      await agent.stop("SIGKILL");
      if (!existsSync(file)) continue;
      const kept = parseAssignment(JSON.parse(readFileSync(file, "utf8")));
      assert.equal(kept?.hub, rig.cloud.endpoints.hubs[0]?.hostName);
    }
  });
});
